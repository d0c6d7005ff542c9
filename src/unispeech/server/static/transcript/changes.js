// Changes to send after a correction. Segments are immutable: the same object has the same text and times.

/** @import { Segment } from "./document.js" */

/**
 * Changes that turn `before` into `after`, in order; `at` is an index in `before`.
 * @param {Segment[]} before
 * @param {Segment[]} after
 */
export function changes(before, after) {
  const indices = new Map(before.map((segment, index) => [segment, index]));
  /** @type {{ at: number, remove: number, segments: Segment[] }[]} */
  const changes = [];
  let next = 0;
  /** @type {Segment[]} */
  let added = [];
  /** @param {number} index */
  const keep = (index) => {
    if (index > next || added.length)
      changes.push({ at: next, remove: index - next, segments: added });
    next = index + 1;
    added = [];
  };
  for (const segment of after) {
    const index = indices.get(segment) ?? -1;
    if (index < next)
      added.push(segment); // new, or moved down
    else keep(index);
  }
  keep(before.length);
  return changes;
}

/**
 * Segments in the server's order. The page keeps a segment that was moved past its neighbour in its row
 * until the transcript is reopened.
 * @param {Segment[]} segments
 */
export function inOrder(segments) {
  return segments.toSorted((a, b) => a.start - b.start || a.end - b.end);
}
