// A transcript on the page: segments and gaps, and how an edit changes them. Pure functions.
//
// An edit is a list of splices: `apply` returns the next document and `inverse` the edit that undoes it. The
// key of a segment or gap never changes and never leaves the page. The text may begin with a space, as the
// model returned it; `shown` is the text that the user sees and types.

/** @import { EditedGap, EditedSegment, EditedWord as Word, Transcript } from "../service.d.ts" */

import { realigned } from "./words.js";

/**
 * `cutAfter`: the text before a segment that was split inside a word, which joins to it without a space.
 * @typedef {{
 *   key: number, start: number, end: number, text: string, words: Word[], speaker: string | null,
 *   cutAfter?: string,
 * }} Segment
 * @typedef {EditedGap & { key: number }} Gap
 * @typedef {{ language: string, segments: Segment[], gaps: Gap[] }} TranscriptDocument
 * @typedef {{ list?: "segments", at: number, out: Segment[], into: Segment[] }} SegmentSplice
 * @typedef {{ list: "gaps", at: number, out: Gap[], into: Gap[] }} GapSplice
 * @typedef {(SegmentSplice | GapSplice)[]} Edit
 */

let lastKey = 0;

/**
 * Convert a segment of the server.
 * @param {EditedSegment} edited
 * @returns {Segment}
 */
export function segment({ start, end, text, words = [], speaker = null }) {
  return {
    key: ++lastKey,
    start,
    end,
    text,
    words: fitted(words, text, start, end),
    speaker: speaker || null,
  };
}

/**
 * Words that join to the text.
 * @param {Word[]} words
 * @param {string} text
 * @param {number} start
 * @param {number} end
 */
function fitted(words, text, start, end) {
  const joined = words.map(({ word }) => word).join("");
  if (joined === text) return words;
  return joined.trim() === text.trim() ? respaced(words, text) : realigned(words, text, start, end);
}

/**
 * Words adjusted to a text that differs only in the spaces around it.
 * @param {Word[]} words
 * @param {string} text
 */
function respaced(words, text) {
  return words.map((entry, index) => {
    let { word } = entry;
    if (index === 0) word = lead(text) + word.trimStart();
    if (index === words.length - 1) word = word.trimEnd() + text.slice(text.trimEnd().length);
    return { ...entry, word };
  });
}

/**
 * Convert a transcript of the server.
 * @param {Pick<Transcript, "segments"> & Partial<Transcript>} transcript
 * @returns {TranscriptDocument}
 */
export function opened({ segments, gaps = [], language = "" }) {
  return {
    language,
    segments: segments.map(segment),
    gaps: gaps.map((gap) => ({ ...gap, key: ++lastKey })),
  };
}

/**
 * @param {TranscriptDocument} document
 * @param {Edit} edit
 * @returns {TranscriptDocument}
 */
export function apply(document, edit) {
  return {
    ...document,
    segments: spliced(
      document.segments,
      edit.filter((splice) => splice.list !== "gaps"),
    ),
    gaps: spliced(
      document.gaps,
      edit.filter((splice) => splice.list === "gaps"),
    ),
  };
}

/**
 * @template T
 * @param {T[]} list
 * @param {{ at: number, out: T[], into: T[] }[]} splices
 */
function spliced(list, splices) {
  if (!splices.length) return list;
  const next = [...list]; // copied once for all splices
  for (const { at, out, into } of splices) next.splice(at, out.length, ...into);
  return next;
}

/**
 * @param {Edit} edit
 * @returns {Edit}
 */
export function inverse(edit) {
  return edit
    .toReversed()
    .map((splice) =>
      splice.list === "gaps"
        ? { ...splice, out: splice.into, into: splice.out }
        : { ...splice, out: splice.into, into: splice.out },
    );
}

/**
 * Leading whitespace of a text.
 * @param {string} text
 */
export function lead(text) {
  return text.slice(0, text.length - text.trimStart().length);
}

/**
 * Number of characters before the shown text of a segment.
 * @param {{ text: string }} segment
 */
export function hidden({ text }) {
  return lead(text).length;
}

/** @param {{ text: string }} segment */
export function shown({ text }) {
  return text.trim();
}

/**
 * Names of the speakers in order of appearance.
 * @param {TranscriptDocument} document
 */
export function speakers({ segments }) {
  return [...new Set(segments.map(({ speaker }) => speaker).filter((name) => name !== null))];
}

/**
 * The edit that turns a document into another, such as an earlier revision or a newer one of the server.
 * @param {TranscriptDocument} document
 * @param {Pick<TranscriptDocument, "segments" | "gaps">} other
 * @returns {Edit}
 */
export function become(document, other) {
  const segments = difference(document.segments, other.segments);
  if (content(document.gaps) === content(other.gaps)) return segments;
  return [...segments, { list: "gaps", at: 0, out: document.gaps, into: other.gaps }];
}

/**
 * Gaps without keys, for comparison.
 * @param {Gap[]} gaps
 */
const content = (gaps) =>
  JSON.stringify(gaps.map(({ start, end, reason }) => [start, end, reason]));

/**
 * The splice that turns one list of segments into another; none if they are equal.
 * @param {Segment[]} old
 * @param {Segment[]} segments
 * @returns {SegmentSplice[]}
 */
function difference(old, segments) {
  const most = Math.min(old.length, segments.length);
  let head = 0;
  while (head < most && same(old[head], segments[head])) head++;
  let tail = 0;
  while (
    tail < most - head &&
    same(old[old.length - 1 - tail], segments[segments.length - 1 - tail])
  )
    tail++;
  const out = old.slice(head, old.length - tail);
  const into = segments.slice(head, segments.length - tail);
  return out.length || into.length ? [{ at: head, out, into }] : [];
}

/**
 * True if two segments have the same text, speaker and times.
 * @param {Segment} segment
 * @param {Segment} other
 */
export function same(segment, other) {
  return (
    segment.start === other.start &&
    segment.end === other.end &&
    segment.text === other.text &&
    segment.speaker === other.speaker
  );
}
