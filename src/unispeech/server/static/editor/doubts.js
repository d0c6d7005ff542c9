// Places of a transcript to check: words with a low probability, in grades, and gaps.

/** @import { EditedWord as Word } from "../service.d.ts" */
/** @import { Segment, TranscriptDocument } from "../transcript/document.js" */

import { settings } from "../settings.js";
import { hidden } from "../transcript/document.js";
import { places } from "../transcript/words.js";

/** Probabilities below which a word is very doubtful, doubtful and slightly doubtful. */
const BOUNDS = [0.25, 0.5, 0.7];
/** Grades of doubt, the worst first. */
export const GRADES = [1, 2, 3];

/** The mildest grade that is marked; the user chooses it. */
export const shownGrade = () => Number(settings.get("doubt.grade", 2));

/**
 * A range of the shown text of a segment, or a gap before a segment. `word` is its index.
 * @typedef {{
 *   time: number, end: number, segment: number, word: number, from: number, to: number, grade: number,
 * }} WordDoubt
 * @typedef {{ time: number, end: number, gap: number, before: number }} GapDoubt
 * @typedef {WordDoubt | GapDoubt} Doubt
 *
 * Position in reading order: segment index (a gap counts as the index of the next segment minus 0.5) and range.
 * @typedef {[segment: number, from: number, to: number]} Position
 *
 * A doubtful word of a segment and its range in the whole text.
 * @typedef {{ word: number, from: number, to: number, grade: number }} DoubtfulWord
 */

/** @type {WeakMap<Segment, DoubtfulWord[]>} */
const known = new WeakMap(); // segments are immutable

/**
 * Doubtful words of a segment, of all grades.
 * @param {Segment} segment
 */
export function doubtfulWords(segment) {
  const words = known.get(segment) ?? search(segment);
  known.set(segment, words);
  return words;
}

/**
 * @param {Segment} segment
 * @returns {DoubtfulWord[]}
 */
function search({ words }) {
  if (!words.some(gradeOf)) return [];
  return places(words).flatMap(([from, to], word) => {
    const grade = gradeOf(words[word]);
    return grade ? [{ word, from, to, grade }] : [];
  });
}

/**
 * Grade of a word; 0 if it is not doubtful.
 * @param {Word} word
 */
function gradeOf({ probability, word }) {
  return /[\p{L}\p{N}]/u.test(word) ? BOUNDS.findIndex((bound) => probability < bound) + 1 : 0;
}

/**
 * Doubts of a document in order, down to a grade.
 * @param {TranscriptDocument} document
 * @param {number} [mildest]
 */
export function doubts({ segments, gaps }, mildest = shownGrade()) {
  /** @type {Doubt[]} */
  const words = segments.flatMap((segment, index) => {
    const shift = hidden(segment);
    return doubtfulWords(segment)
      .filter(({ grade }) => grade <= mildest)
      .map(({ word, from, to, grade }) => ({
        time: segment.words[word].start,
        end: segment.words[word].end,
        segment: index,
        word,
        from: from - shift,
        to: to - shift,
        grade,
      }));
  });
  const inGaps = gaps.map(({ start, end }, gap) => {
    const next = segments.findIndex((segment) => segment.start >= start);
    return { time: start, end, gap, before: next < 0 ? segments.length : next };
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
