// Three-way merge of two edited copies of a transcript.

/** @import { Segment, TranscriptDocument } from "./document.js" */

import { same } from "./document.js";

/**
 * A part of a merge: `segments` if at most one copy changed it, else both versions.
 * @typedef {{ mine: Segment[], theirs: Segment[], segments?: undefined }} Conflict
 * @typedef {{ segments: Segment[] } | Conflict} Part
 */

/**
 * Parts of a merge in order. Unchanged segments are those of `mine`, which keeps their keys.
 * @param {Segment[]} base
 * @param {Segment[]} mine
 * @param {Segment[]} theirs
 */
export function merged(base, mine, theirs) {
  const [toMine, toTheirs] = [aligned(base, mine), aligned(base, theirs)];
  /** @type {Part[]} */
  const parts = [];
  let [b, m, o] = [0, 0, 0];
  /** @type {(endB: number, endM: number, endO: number) => void} */
  const region = (endB, endM, endO) => {
    const part = resolved(base.slice(b, endB), mine.slice(m, endM), theirs.slice(o, endO));
    if (!part.segments || part.segments.length) parts.push(part);
  };
  for (let at = 0; at < base.length; at++) {
    if (toMine[at] < 0 || toTheirs[at] < 0) continue;
    region(at, toMine[at], toTheirs[at]);
    parts.push({ segments: [mine[toMine[at]]] });
    [b, m, o] = [at + 1, toMine[at] + 1, toTheirs[at] + 1];
  }
  region(base.length, mine.length, theirs.length);
  return parts;
}

/**
 * A document with equal segments replaced by those of `known`.
 * @param {TranscriptDocument} document
 * @param {TranscriptDocument} known
 */
export function withKnownSegments(document, known) {
  const bySignature = new Map(known.segments.map((segment) => [signature(segment), segment]));
  const segments = document.segments.map(
    (segment) => bySignature.get(signature(segment)) ?? segment,
  );
  return { ...document, segments };
}

/**
 * @param {Segment[]} base
 * @param {Segment[]} mine
 * @param {Segment[]} theirs
 * @returns {Part}
 */
function resolved(base, mine, theirs) {
  if (alike(mine, theirs) || alike(base, theirs)) return { segments: mine };
  return alike(base, mine) ? { segments: theirs } : { mine, theirs };
}

/** @type {(list: Segment[], other: Segment[]) => boolean} */
function alike(list, other) {
  return (
    list.length === other.length && list.every((segment, index) => same(segment, other[index]))
  );
}

/**
 * Index in `other` of each segment of `base`, or -1; indices ascend.
 * @param {Segment[]} base
 * @param {Segment[]} other
 */
function aligned(base, other) {
  /** @type {Map<string, number[]>} */
  const indices = new Map();
  for (const [index, segment] of other.entries()) {
    indices.set(signature(segment), [...(indices.get(signature(segment)) ?? []), index]);
  }
  return rising(base.map((segment) => indices.get(signature(segment))?.shift() ?? -1));
}

/** @type {(segment: Segment) => string} */
const signature = ({ start, end, speaker, text }) => `${start}|${end}|${speaker}|${text}`;

/**
 * Longest increasing subsequence; numbers outside it become -1.
 * @param {number[]} numbers
 */
function rising(numbers) {
  /** @type {number[]} */
  const ends = []; // index of the smallest end of a subsequence of each length
  const before = numbers.map(() => -1);
  for (const [index, number] of numbers.entries()) {
    if (number < 0) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]] < number) low = middle + 1;
      else high = middle;
    }
    before[index] = low ? ends[low - 1] : -1;
    ends[low] = index;
  }
  const chain = numbers.map(() => -1);
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index]) {
    chain[index] = numbers[index];
  }
  return chain;
}
