// The places of a transcript that want a look: words the model was not sure of, and gaps.

/** @import { EditedWord as Word } from "../service.d.ts" */
/** @import { Segment, TranscriptDocument } from "../transcript/document.js" */

import { hidden } from "../transcript/document.js";
import { places } from "../transcript/words.js";

/** Below this probability a word is marked. */
const DOUBT = 0.5;

/**
 * Letters of the shown text of a segment; or a gap, before a segment.
 * @typedef {{ time: number, segment: number, from: number, to: number }} WordDoubt
 * @typedef {{ time: number, gap: number, before: number }} GapDoubt
 * @typedef {WordDoubt | GapDoubt} Doubt
 *
 * A place in reading order: a segment (a gap is half a one before it), and letters.
 * @typedef {[segment: number, from: number, to: number]} Position
 */

/** @type {WeakMap<Segment, [from: number, to: number][]>} */
const known = new WeakMap(); // segments never change

/**
 * The doubtful words of a segment, as letters of its whole text.
 * @param {Segment} segment
 */
export function doubtfulWords(segment) {
  const spans = known.get(segment) ?? search(segment);
  known.set(segment, spans);
  return spans;
}

/** @param {Segment} segment */
function search({ words }) {
  if (!words.some(isDoubtful)) return [];
  const spans = places(words);
  return spans.filter((_, index) => isDoubtful(words[index]));
}

/** @param {Word} word */
const isDoubtful = ({ probability, word }) => probability < DOUBT && /[\p{L}\p{N}]/u.test(word);

/**
 * All doubts of a document, in order.
 * @param {TranscriptDocument} document
 */
export function doubts({ segments, gaps }) {
  /** @type {Doubt[]} */
  const words = segments.flatMap((segment, index) => {
    const shift = hidden(segment);
    return doubtfulWords(segment).map(([from, to]) => ({
      time: segment.start,
      segment: index,
      from: from - shift,
      to: to - shift,
    }));
  });
  const inGaps = gaps.map(({ start }, gap) => {
    const next = segments.findIndex((segment) => segment.start >= start);
    return { time: start, gap, before: next < 0 ? segments.length : next };
  });
  return [...words, ...inGaps].sort((a, b) => a.time - b.time || letterOf(a) - letterOf(b));
}

/** @param {Doubt} doubt */
const letterOf = (doubt) => ("gap" in doubt ? 0 : doubt.from);

/**
 * @param {Doubt} doubt
 * @returns {Position}
 */
export function positionOf(doubt) {
  return "gap" in doubt ? [doubt.before - 0.5, 0, 1] : [doubt.segment, doubt.from, doubt.to];
}

/**
 * The next doubt after a position, around the end to the first; undefined where there is none.
 * @param {Doubt[]} doubts in order
 * @param {Position} position
 */
export function doubtAfter(doubts, [segment, , to]) {
  const next = doubts.find((doubt) => {
    const [other, from] = positionOf(doubt);
    return other > segment || (other === segment && from >= to);
  });
  return next ?? doubts[0];
}

/**
 * The last doubt before a position, around the start to the last; undefined where there is none.
 * @param {Doubt[]} doubts in order
 * @param {Position} position
 */
export function doubtBefore(doubts, [segment, from]) {
  const last = doubts.findLast((doubt) => {
    const [other, , to] = positionOf(doubt);
    return other < segment || (other === segment && to <= from);
  });
  return last ?? doubts.at(-1);
}
