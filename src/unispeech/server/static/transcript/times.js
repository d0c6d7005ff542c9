// Times: seconds in the model, clock times on the screen.

/**
 * Format a time as `1:02:03.4`, without leading zero parts.
 * @param {number} seconds
 * @param {number} [digits] after the point, cut and not rounded
 */
export function clock(seconds, digits = 0) {
  const scale = 10 ** digits;
  const units = Math.floor(Math.max(0, seconds || 0) * scale + 1e-6);
  const s = Math.floor(units / scale);
  const parts =
    s >= 3600 ? [Math.floor(s / 3600), padded(Math.floor(s / 60) % 60)] : [Math.floor(s / 60)];
  const point = digits ? `.${padded(units % scale, digits)}` : "";
  return `${parts.join(":")}:${padded(s % 60)}${point}`;
}

/** @param {number} number */
function padded(number, digits = 2) {
  return String(number).padStart(digits, "0");
}

/**
 * Parse `1:02:03.4`, `62.5` or `1:02,5` to seconds; NaN for any other text.
 * @param {string} text
 */
export function seconds(text) {
  const clean = text.trim().replace(",", ".");
  if (!/^(\d+:){0,2}\d+(\.\d*)?$/.test(clean)) return Number.NaN;
  return clean.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/**
 * Round to milliseconds, the precision of every format.
 * @param {number} time
 */
export function rounded(time) {
  return Math.round(time * 1000) / 1000;
}

/**
 * Index of the last segment that starts at or before a time, or -1.
 * @param {{ start: number }[]} segments
 * @param {number} time
 */
export function lastBegun(segments, time) {
  let [low, high] = [-1, segments.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (segments[middle].start <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}
