// Times: float seconds in the model, clocks on the screen.

/** `1:02:03.4`, as short as the time allows. `digits` after the point, cut and not rounded. */
export function clock(seconds, digits = 0) {
  const scale = 10 ** digits;
  const whole = Math.floor(Math.max(0, seconds || 0) * scale + 1e-6);
  const s = Math.floor(whole / scale);
  const parts =
    s >= 3600 ? [Math.floor(s / 3600), two(Math.floor(s / 60) % 60)] : [Math.floor(s / 60)];
  const point = digits ? `.${String(whole % scale).padStart(digits, "0")}` : "";
  return `${parts.join(":")}:${two(s % 60)}${point}`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

/** Seconds of `1:02:03.4`, `62.5` or `1:02,5`; NaN where it is none of these. */
export function seconds(text) {
  const clean = text.trim().replace(",", ".");
  if (!/^(\d+:){0,2}\d+(\.\d*)?$/.test(clean)) return NaN;
  return clean.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** To the millisecond, which is what every format can hold. */
export function rounded(time) {
  return Math.round(time * 1000) / 1000;
}

/** The place of the last segment that has begun at a time; -1 where none has. */
export function lastBegun(segments, time) {
  let [low, high] = [-1, segments.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (segments[middle].start <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}
