// Edits of a transcript. Every function is pure: it takes the document and returns an edit, which is empty
// if there is nothing to change.

/** @import { EditedWord as Word, Mark } from "../service.d.ts" */
/** @import { GapSplice, Segment, SegmentSplice, TranscriptDocument } from "./document.js" */

import { hidden, lead, segment } from "./document.js";
import { rounded } from "./times.js";
import { realigned, spread, WITHOUT_SPACES, wordAt } from "./words.js";

/**
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {number} count
 * @param {Segment[]} into
 * @returns {SegmentSplice[]}
 */
function replace(document, at, count, into) {
  return [{ at, out: document.segments.slice(at, at + count), into }];
}

/**
 * Replace the text of a segment, keeping its leading space.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {string} text as shown
 */
export function setText(document, at, text) {
  const old = document.segments[at];
  const newText = lead(old.text) + text.trimStart();
  return replace(document, at, 1, [
    { ...old, text: newText, words: realigned(old.words, newText, old.start, old.end) },
  ]);
}

/**
 * Change the times of a segment. Words outside the new times are moved inside.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {number} start
 * @param {number} end
 */
export function setTimes(document, at, start, end) {
  const old = document.segments[at];
  /** @param {number} time */
  const clip = (time) => rounded(Math.min(end, Math.max(start, time)));
  const words = old.words.map((word) => retimed(word, clip));
  return replace(document, at, 1, [{ ...old, start: rounded(start), end: rounded(end), words }]);
}

/**
 * Shift a segment with its words, earlier if negative but never before 0.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {number} by seconds
 */
export function shift(document, at, by) {
  const old = document.segments[at];
  const step = Math.max(by, -old.start);
  /** @param {number} time */
  const later = (time) => rounded(time + step);
  const words = old.words.map((word) => retimed(word, later));
  const [start, end] = [later(old.start), later(old.end)];
  return replace(document, at, 1, [{ ...old, start, end, words }]);
}

/**
 * Move a word and its letters and phones.
 * @param {Word} word
 * @param {(time: number) => number} moved
 * @returns {Word}
 */
function retimed(word, moved) {
  const { characters, phones } = word;
  /** @type {(marks: Mark[]) => Mark[]} */
  const marks = (list) => list.map(([start, end, text]) => [moved(start), moved(end), text]);
  return {
    ...word,
    start: moved(word.start),
    end: moved(word.end),
    ...(characters && { characters: marks(characters) }),
    ...(phones && { phones: marks(phones) }),
  };
}

/**
 * Split a segment at a character of the shown text. Empty if one half would have no text.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {number} offset
 */
export function split(document, at, offset) {
  const halves = halvesOf(document.segments[at], offset);
  return halves ? replace(document, at, 1, halves) : [];
}

/**
 * @param {Segment} old
 * @param {number} offset
 * @returns {[Segment, Segment] | null}
 */
function halvesOf(old, offset) {
  const typed = offset + hidden(old);
  const place = old.text.slice(0, typed).trimEnd().length; // the space goes to the second half
  const [first, second] = [old.text.slice(0, place), old.text.slice(place)];
  if (!first.trim() || !second.trim()) return null;
  const [before, after] = cut(old, place);
  const [last, next] = [before.at(-1), after.at(0)];
  const middle =
    last && next
      ? (last.end + next.start) / 2
      : old.start + ((old.end - old.start) * place) / old.text.length;
  const half = rounded(next ? Math.min(next.start, Math.max(middle, last?.end ?? 0)) : middle);
  return [
    { ...old, end: last?.end ?? half, text: first.trimEnd(), words: ending(before) },
    {
      ...segment({ ...old, start: half, text: second, words: after }),
      ...(second.trimStart() === second && { cutAfter: first }),
    },
  ];
}

/** @param {Word[]} words */
function ending(words) {
  return words.map((entry, index) =>
    index === words.length - 1 ? { ...entry, word: entry.word.trimEnd() } : entry,
  );
}

/**
 * Words before and after a character of the text; a word across it is split.
 * @param {Segment} segment
 * @param {number} place
 * @returns {[Word[], Word[]]}
 */
function cut({ words }, place) {
  if (!words.length) return [[], []];
  const number = wordAt(words, place);
  const upto = words.slice(0, number).reduce((sum, { word }) => sum + word.length, 0);
  const { word, start, end, speaker } = words[number];
  const inside = place - upto;
  if (inside <= 0) return [words.slice(0, number), words.slice(number)];
  if (inside >= word.length) return [words, []];
  const [left, right] = spread([word.slice(0, inside), word.slice(inside)], start, end).map(
    (half) => (speaker ? { ...half, speaker } : half),
  );
  return [
    [...words.slice(0, number), left],
    [right, ...words.slice(number + 1)],
  ];
}

/**
 * Join a segment with the next one.
 * @param {TranscriptDocument} document
 * @param {number} at
 */
export function merge(document, at) {
  const [first, second] = document.segments.slice(at, at + 2);
  if (!second) return [];
  return replace(document, at, 2, [joined(first, second)]);
}

/**
 * @param {Segment} first
 * @param {Segment} second
 * @returns {Segment}
 */
function joined(first, second) {
  const isWord = second.cutAfter !== undefined && first.text.endsWith(second.cutAfter.slice(-20));
  const space = !isWord && needsSpace(first.text, second.text) ? " " : "";
  const text = first.text + space + second.text;
  const end = rounded(Math.max(first.end, second.end));
  const [next, ...rest] = second.words;
  const words =
    first.words.length && next
      ? [...first.words, { ...next, word: space + next.word }, ...rest]
      : realigned([...first.words, ...second.words], text, first.start, second.end);
  return { ...first, end, text, words };
}

/**
 * True if two texts need a space between them: neither has one there, and neither adjacent character belongs
 * to a script without spaces.
 * @param {string} left
 * @param {string} right
 */
function needsSpace(left, right) {
  if (!left.trim() || /^\s|\s$/u.test(left.slice(-1) + right.slice(0, 1))) return false;
  const beside = left.trim().slice(-1) + right.trim().slice(0, 1);
  return !WITHOUT_SPACES.test(beside) && !/[\u3000-\u303f\uff00-\uffef]/u.test(beside);
}

/**
 * Move the text before a character to the previous segment, with the boundary in time.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {number} offset
 */
export function moveBack(document, at, offset) {
  const halves = at > 0 ? halvesOf(document.segments[at], offset) : null;
  if (!halves) return [];
  const [first, second] = halves;
  const before = document.segments[at - 1];
  return replace(document, at - 1, 2, [
    joined(before, first),
    { ...second, key: document.segments[at].key },
  ]);
}

/**
 * Move the text from a character on to the next segment.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {number} offset
 */
export function moveOn(document, at, offset) {
  const after = document.segments[at + 1];
  const halves = after ? halvesOf(document.segments[at], offset) : null;
  if (!halves) return [];
  const [first, second] = halves;
  return replace(document, at, 2, [
    first,
    { ...joined(second, after), key: after.key, speaker: after.speaker },
  ]);
}

/**
 * Insert a segment between two times, in order of time.
 * @param {TranscriptDocument} document
 * @param {number} start
 * @param {number} end
 */
export function insert(document, start, end, text = "") {
  const next = document.segments.findIndex((segment) => segment.start > start);
  const at = next < 0 ? document.segments.length : next;
  return replace(document, at, 0, [segment({ start: rounded(start), end: rounded(end), text })]);
}

/**
 * @param {TranscriptDocument} document
 * @param {number} at
 */
export function remove(document, at) {
  return replace(document, at, 1, []);
}

/**
 * Mark a word as right: a person has checked it.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {number} word index
 */
export function confirmWord(document, at, word) {
  const old = document.segments[at];
  const words = old.words.with(word, { ...old.words[word], probability: 1 });
  return replace(document, at, 1, [{ ...old, words }]);
}

/**
 * Join several adjacent segments.
 * @param {TranscriptDocument} document
 * @param {number} from
 * @param {number} to index of the last
 */
export function mergeAll(document, from, to) {
  const [first, ...rest] = document.segments.slice(from, to + 1);
  return rest.length ? replace(document, from, to - from + 1, [rest.reduce(joined, first)]) : [];
}

/**
 * Remove several segments.
 * @param {TranscriptDocument} document
 * @param {number[]} indices in order
 */
export function removeAll(document, indices) {
  return indices.toReversed().flatMap((at) => remove(document, at));
}

/**
 * Remove a gap.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @returns {GapSplice[]}
 */
export function closeGap(document, at) {
  return [{ list: "gaps", at, out: [document.gaps[at]], into: [] }];
}
