// Times: float seconds in the model, clocks on the screen.

/**
 * `1:02:03.4`, as short as the time allows.
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
 * Seconds of `1:02:03.4`, `62.5` or `1:02,5`; NaN of any other text.
 * @param {string} text
 */
export function seconds(text) {
  const clean = text.trim().replace(",", ".");
  if (!/^(\d+:){0,2}\d+(\.\d*)?$/.test(clean)) return Number.NaN;
  return clean.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/**
 * To the millisecond, which is what every format can hold.
 * @param {number} time
 */
export function rounded(time) {
  return Math.round(time * 1000) / 1000;
}

/**
 * The index of the last segment that has begun at a time, or -1.
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
