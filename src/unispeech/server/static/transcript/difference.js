// Differences between two versions of a transcript, as people read them. Pure functions.

/** @import { EditedSegment } from "../service.d.ts" */

import { commonRuns } from "./words.js";

const MOST = 300; // segments or words beyond which a changed stretch is not compared piece by piece

/**
 * @typedef {{ kind: "same" | "out" | "in", text: string }} Piece
 * @typedef {{ start: number, pieces: Piece[] }} Change
 * @typedef {{ changes: Change[], speakers: number, times: number }} Difference number of segments with another
 *   speaker, or only with other times
 */

/**
 * Words of two texts: in both, only in the old or only in the new one.
 * @param {string} old
 * @param {string} text
 * @returns {Piece[]}
 */
export function wordDifference(old, text) {
  const [a, b] = [wordsOf(old), wordsOf(text)];
  const runs = a.length > MOST || b.length > MOST ? [] : commonRuns(a, b);
  /** @type {Piece[]} */
  const pieces = [];
  /** @type {(kind: Piece["kind"], words: string[]) => void} */
  const add = (kind, words) => {
    if (words.length) pieces.push({ kind, text: words.join(" ") });
  };
  let [i, j] = [0, 0];
  for (const [x, y, length] of [...runs, [a.length, b.length, 0]]) {
    add("out", a.slice(i, x));
    add("in", b.slice(j, y));
    add("same", b.slice(y, y + length));
    [i, j] = [x + length, y + length];
  }
  return pieces;
}

/** @param {string} text */
const wordsOf = (text) => text.trim().split(/\s+/).filter(Boolean);

/**
 * Difference between two lists of segments.
 * @param {EditedSegment[]} old
 * @param {EditedSegment[]} segments
 * @returns {Difference}
 */
export function difference(old, segments) {
  const result = { changes: /** @type {Change[]} */ ([]), speakers: 0, times: 0 };
  let [i, j] = [0, 0];
  const runs = runsOf(old, segments);
  for (const [x, y, length] of [...runs, [old.length, segments.length, 0]]) {
    const [before, after] = [old.slice(i, x), segments.slice(j, y)];
    if (before.length || after.length) {
      const { start } = after[0] ?? before[0];
      result.changes.push({ start, pieces: wordDifference(textOf(before), textOf(after)) });
    }
    for (let n = 0; n < length; n++) {
      const [a, b] = [old[x + n], segments[y + n]];
      if ((a.speaker ?? null) !== (b.speaker ?? null)) result.speakers++;
      else if (a.start !== b.start || a.end !== b.end) result.times++;
    }
    [i, j] = [x + length, y + length];
  }
  return result;
}

/** @param {EditedSegment[]} segments */
const textOf = (segments) => segments.map(({ text }) => text.trim()).join(" ");

/**
 * Runs of segments with the same text.
 * @param {EditedSegment[]} old
 * @param {EditedSegment[]} segments
 * @returns {[number, number, number][]}
 */
function runsOf(old, segments) {
  const [a, b] = [old, segments].map((list) => list.map(({ text }) => text.trim()));
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const [left, right] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const inside = left.length > MOST || right.length > MOST ? [] : commonRuns(left, right);
  return [
    [0, 0, head],
    ...inside.map(([x, y, n]) => /** @type {[number, number, number]} */ ([x + head, y + head, n])),
    [a.length - tail, b.length - tail, tail],
  ];
}
