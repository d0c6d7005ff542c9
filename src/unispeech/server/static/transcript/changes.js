// The part of a transcript to send after a correction. Segments never change: the same object is the same
// text at the same time.

/** @import { Segment } from "./document.js" */

/**
 * The changes that turn one list of segments into another, in order, with places in `before`.
 * @param {Segment[]} before
 * @param {Segment[]} after
 */
export function changes(before, after) {
  const places = new Map(before.map((segment, index) => [segment, index]));
  /** @type {{ at: number, remove: number, segments: Segment[] }[]} */
  const found = [];
  let next = 0;
  /** @type {Segment[]} */
  let fresh = [];
  /** @param {number} place */
  const put = (place) => {
    if (place > next || fresh.length)
      found.push({ at: next, remove: place - next, segments: fresh });
    next = place + 1;
    fresh = [];
  };
  for (const segment of after) {
    const place = places.get(segment) ?? -1;
    if (place < next)
      fresh.push(segment); // new, or moved to a later place
    else put(place);
  }
  put(before.length);
  return found;
}

/**
 * Segments in the server's order. One that was moved over its neighbour keeps its row until it is opened
 * again.
 * @param {Segment[]} segments
 */
export function inOrder(segments) {
  return segments.toSorted((a, b) => a.start - b.start || a.end - b.end);
}
