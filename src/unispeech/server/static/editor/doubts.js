// Places of a transcript to check: words with a low probability, and gaps.

/** @import { EditedWord as Word } from "../service.d.ts" */
/** @import { Segment, TranscriptDocument } from "../transcript/document.js" */

import { hidden } from "../transcript/document.js";
import { places } from "../transcript/words.js";

/** Words below this probability are marked. */
const DOUBT = 0.5;

/**
 * A range of the shown text of a segment, or a gap before a segment.
 * @typedef {{ time: number, segment: number, from: number, to: number }} WordDoubt
 * @typedef {{ time: number, gap: number, before: number }} GapDoubt
 * @typedef {WordDoubt | GapDoubt} Doubt
 *
 * Position in reading order: segment index (a gap counts as the index of the next segment minus 0.5) and range.
 * @typedef {[segment: number, from: number, to: number]} Position
 */

/** @type {WeakMap<Segment, [from: number, to: number][]>} */
const known = new WeakMap(); // segments are immutable

/**
 * Ranges of the doubtful words in the whole text of a segment.
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
 * Doubts of a document in order.
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
 * Next doubt after a position, wrapping to the first; undefined if there is none.
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
 * Last doubt before a position, wrapping to the last; undefined if there is none.
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
