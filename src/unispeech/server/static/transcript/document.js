// A transcript on the page: segments and gaps, and how an edit changes them. Pure functions.
//
// An edit is a list of splices; `apply` makes the next document of it and `inverse` takes it back. The key
// of a segment or gap stays with it while it lives, and never leaves the page. Text begins as the model
// gave it (often with a space); `shown` is what a person sees and types.

/** @import { EditedGap, EditedSegment, EditedWord as Word, Transcript } from "../service.d.ts" */

import { realigned } from "./words.js";

/**
 * @typedef {{
 *   key: number, start: number, end: number, text: string, words: Word[], speaker: string | null,
 * }} Segment
 * @typedef {EditedGap & { key: number }} Gap
 * @typedef {{ language: string, segments: Segment[], gaps: Gap[] }} TranscriptDocument
 * @typedef {{ list?: "segments", at: number, out: Segment[], into: Segment[] }} SegmentSplice
 * @typedef {{ list: "gaps", at: number, out: Gap[], into: Gap[] }} GapSplice
 * @typedef {(SegmentSplice | GapSplice)[]} Edit
 */

let lastKey = 0;

/**
 * A segment of the page for one of the server.
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
 * Words that join to a text.
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
 * Words whose text differs from the segment's in nothing but the spaces around it.
 * @param {Word[]} words
 * @param {string} text
 */
function respaced(words, text) {
  return words.map((one, index) => {
    let { word } = one;
    if (index === 0) word = lead(text) + word.trimStart();
    if (index === words.length - 1) word = word.trimEnd() + text.slice(text.trimEnd().length);
    return { ...one, word };
  });
}

/**
 * A document of the page for a transcript of the server.
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
  const next = [...list]; // once, however many splices there are
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
 * The space that a text begins with.
 * @param {string} text
 */
export function lead(text) {
  return text.slice(0, text.length - text.trimStart().length);
}

/**
 * The number of letters of a segment's text before the first that is shown.
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
 * The names in the transcript, in the order they speak.
 * @param {TranscriptDocument} document
 */
export function speakers({ segments }) {
  return [...new Set(segments.map(({ speaker }) => speaker).filter((name) => name !== null))];
}

/**
 * The edit that makes a document another: an earlier revision, or what the server decoded again.
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
 * Gaps without their keys, to compare them.
 * @param {Gap[]} gaps
 */
const content = (gaps) =>
  JSON.stringify(gaps.map(({ start, end, reason }) => [start, end, reason]));

/**
 * The one splice that makes a list of segments another.
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
 * Whether two segments have the same text and speaker at the same time.
 * @param {Segment} one
 * @param {Segment} other
 */
export function same(one, other) {
  return (
    one.start === other.start &&
    one.end === other.end &&
    one.text === other.text &&
    one.speaker === other.speaker
  );
}
