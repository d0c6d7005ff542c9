// Places of translated segments beside the original. Pure functions; the server does the same for exports
// (text/beside.py); tests/beside.json tests both.

/** @typedef {{ start: number, end: number }} Span */

/**
 * Index of the original that each translated segment belongs to: the earliest in which its middle lies, else the
 * nearest. Empty without originals.
 * @param {Span[]} originals
 * @param {Span[]} translated
 */
export function places(originals, translated) {
  if (!originals.length) return [];
  const order = originals.map((_, index) => index);
  order.sort(
    (a, b) => originals[a].start - originals[b].start || originals[a].end - originals[b].end,
  );
  let last = Number.NEGATIVE_INFINITY;
  const sorted = order.map((index) => {
    const { start, end } = originals[index];
    last = Math.max(last, end);
    return { start, end, last };
  });
  return translated.map(({ start, end }) => order[placeOf((start + end) / 2, sorted)]);
}

/**
 * @param {number} time
 * @param {(Span & { last: number })[]} sorted by start; `last` is the largest end so far
 */
function placeOf(time, sorted) {
  const begun = firstIndex(sorted, ({ start }) => start > time);
  const going = firstIndex(sorted, ({ last }) => last > time);
  if (going < begun) return going;
  if (!begun) return 0;
  const { last } = sorted[begun - 1];
  const before = firstIndex(sorted, (segment) => segment.last >= last);
  if (begun === sorted.length) return before;
  return time - sorted[before].end <= sorted[begun].start - time ? before : begun;
}

/**
 * First index whose item passes a test that all later items pass too; the length if none does.
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => boolean} passes
 */
function firstIndex(items, passes) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(items[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Translation of each segment that has one, by its key.
 * @param {(Span & { key: number })[]} originals
 * @param {(Span & { text: string })[]} translated
 */
export function textsBeside(originals, translated) {
  /** @type {Map<number, string>} */
  const texts = new Map();
  for (const [at, place] of places(originals, translated).entries()) {
    const { key } = originals[place];
    texts.set(key, `${texts.get(key) ?? ""} ${translated[at].text.trim()}`.trim());
  }
  return texts;
}
