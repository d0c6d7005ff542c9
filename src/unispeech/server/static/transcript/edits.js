// What can be done to a transcript. Every function is pure: it takes the document and gives an edit,
// which is a list of splices; `apply` makes the next document of it and `inverse` takes it back.
//
// A document is {segments, gaps}; a segment {key, start, end, text, words, speaker}, a gap {key, start,
// end, reason}. The key stays with them while they live, and never leaves the page. Text begins as the model gave it (often with a
// space); `shown` is what a person sees and types.

import { rounded } from "./times.js";
import { realigned, spread, WITHOUT_SPACES, wordAt } from "./words.js";

let lastKey = 0;

/** A segment of the page for one of the server. */
export function segment({ start, end, text, words = [], speaker = null }) {
  const said = words.map((word) => word.word).join("");
  const timed =
    said === text
      ? words
      : said.trim() === text.trim()
        ? trimmed(words, text)
        : realigned(words, text, start, end);
  return { key: ++lastKey, start, end, text, words: timed, speaker: speaker || null };
}

// Words whose text differs from the segment's in nothing but the spaces around it.
function trimmed(words, text) {
  const list = words.map((word) => ({ ...word }));
  const lead = text.slice(0, text.length - text.trimStart().length);
  list[0].word = lead + list[0].word.trimStart();
  list.at(-1).word = list.at(-1).word.trimEnd() + text.slice(text.trimEnd().length);
  return list;
}

/** A document of the page for a transcript of the server. */
export function opened({ segments, gaps = [], language = "" }) {
  return {
    language,
    segments: segments.map(segment),
    gaps: gaps.map((gap) => ({ ...gap, key: ++lastKey })),
  };
}

export function apply(document, edit) {
  const next = { ...document };
  for (const { list = "segments", at, out, into } of edit) {
    if (next[list] === document[list]) next[list] = [...document[list]]; // once, however many splices there are
    next[list].splice(at, out.length, ...into);
  }
  return next;
}

export function inverse(edit) {
  return edit.toReversed().map((splice) => ({ ...splice, out: splice.into, into: splice.out }));
}

function replace(document, at, count, into) {
  return [{ at, out: document.segments.slice(at, at + count), into }];
}

/** Another text in a segment. `text` is as shown; the space the model put before it is kept. */
export function setText(document, at, text) {
  const old = document.segments[at];
  const whole = lead(old.text) + text.trimStart();
  return replace(document, at, 1, [
    { ...old, text: whole, words: realigned(old.words, whole, old.start, old.end) },
  ]);
}

function lead(text) {
  return text.slice(0, text.length - text.trimStart().length);
}

/** How many letters of a segment's text are before the first that is shown. */
export function hidden(segment) {
  return segment.text.length - segment.text.trimStart().length;
}

export function shown(segment) {
  return segment.text.trim();
}

/** Other times. Words keep theirs where they fit and are squeezed where they do not. */
export function setTimes(document, at, start, end) {
  const old = document.segments[at];
  const clip = (time) => rounded(Math.min(end, Math.max(start, time)));
  const words = old.words.map((word) => ({
    ...word,
    start: clip(word.start),
    end: clip(word.end),
  }));
  return replace(document, at, 1, [{ ...old, start: rounded(start), end: rounded(end), words }]);
}

/** The whole segment earlier (negative) or later, words and all. Never before 0. */
export function shift(document, at, by) {
  const old = document.segments[at];
  const step = Math.max(by, -old.start);
  const words = old.words.map((word) => ({
    ...word,
    start: rounded(word.start + step),
    end: rounded(word.end + step),
  }));
  return replace(document, at, 1, [
    { ...old, start: rounded(old.start + step), end: rounded(old.end + step), words },
  ]);
}

/** In two at a letter of the shown text. Empty where one half would hold nothing. */
export function split(document, at, offset) {
  const old = document.segments[at];
  const place = offset + hidden(old);
  const [first, second] = [old.text.slice(0, place), old.text.slice(place)];
  if (!first.trim() || !second.trim()) return [];
  const [before, after] = cut(old, place);
  const middle =
    before.length && after.length
      ? (before.at(-1).end + after[0].start) / 2
      : old.start + ((old.end - old.start) * place) / old.text.length;
  const half = rounded(
    after.length ? Math.min(after[0].start, Math.max(middle, before.at(-1)?.end ?? 0)) : middle,
  );
  return replace(document, at, 1, [
    { ...old, end: before.at(-1)?.end ?? half, text: first.trimEnd(), words: ending(before) },
    { ...old, key: ++lastKey, start: half, text: second, words: after },
  ]);
}

function ending(words) {
  if (!words.length) return words;
  return [...words.slice(0, -1), { ...words.at(-1), word: words.at(-1).word.trimEnd() }];
}

// The words before and after a letter of the text; one that is cut through is shared out.
function cut(segment, place) {
  if (!segment.words.length) return [[], []];
  const number = wordAt(segment.words, place);
  const upto = segment.words.slice(0, number).reduce((sum, word) => sum + word.word.length, 0);
  const word = segment.words[number];
  const inside = place - upto;
  if (inside <= 0) return [segment.words.slice(0, number), segment.words.slice(number)];
  if (inside >= word.word.length) return [segment.words, []];
  const [left, right] = spread(
    [word.word.slice(0, inside), word.word.slice(inside)],
    word.start,
    word.end,
  );
  return [
    [...segment.words.slice(0, number), left],
    [right, ...segment.words.slice(number + 1)],
  ];
}

/** A segment and the one after it as one. */
export function merge(document, at) {
  const [first, second] = document.segments.slice(at, at + 2);
  if (!second) return [];
  return replace(document, at, 2, [joined(first, second)]);
}

function joined(first, second) {
  const space =
    !first.text.trim() ||
    /^\s|\s$/u.test(first.text.slice(-1) + second.text[0]) ||
    unspaced(first.text, second.text)
      ? ""
      : " ";
  const text = first.text + space + second.text;
  const words =
    first.words.length && second.words.length
      ? [
          ...first.words,
          { ...second.words[0], word: space + second.words[0].word },
          ...second.words.slice(1),
        ]
      : [];
  return {
    ...first,
    end: rounded(Math.max(first.end, second.end)),
    text,
    words: fitting(words, text, first, second),
  };
}

function fitting(words, text, first, second) {
  if (words.length) return words;
  const known = [...first.words, ...second.words];
  return known.length ? realigned(known, text, first.start, second.end) : [];
}

// Whether nothing is written between these two: one of the letters beside has a script without spaces.
function unspaced(left, right) {
  const beside = left.trim().slice(-1) + right.trim().slice(0, 1);
  return WITHOUT_SPACES.test(beside) || /[\u3000-\u303f\uff00-\uffef]/u.test(beside);
}

/** The text before a letter goes to the segment before; the boundary in time goes with it. */
export function moveBack(document, at, offset) {
  const parts = at > 0 ? split(document, at, offset) : [];
  if (!parts.length) return [];
  const [first, second] = parts[0].into;
  const before = document.segments[at - 1];
  return replace(document, at - 1, 2, [
    joined(before, first),
    { ...second, key: document.segments[at].key },
  ]);
}

/** The text from a letter on goes to the segment after. */
export function moveOn(document, at, offset) {
  const after = document.segments[at + 1];
  const parts = after ? split(document, at, offset) : [];
  if (!parts.length) return [];
  const [first, second] = parts[0].into;
  return replace(document, at, 2, [
    first,
    { ...joined(second, after), key: after.key, speaker: after.speaker },
  ]);
}

/** A new, empty segment in a stretch of time, at its place in the order. */
export function insert(document, start, end, text = "") {
  const found = document.segments.findIndex((one) => one.start > start);
  const at = found < 0 ? document.segments.length : found;
  const fresh = {
    key: ++lastKey,
    start: rounded(start),
    end: rounded(end),
    text,
    words: [],
    speaker: null,
  };
  return replace(document, at, 0, [fresh]);
}

export function remove(document, at) {
  return replace(document, at, 1, []);
}

export function setSpeaker(document, at, speaker) {
  const old = document.segments[at];
  const words = old.words.map((word) => (word.speaker ? { ...word, speaker } : word));
  return replace(document, at, 1, [{ ...old, speaker: speaker?.trim() || null, words }]);
}

/** Another name for a speaker, everywhere. */
export function renameSpeaker(document, from, to) {
  const edit = [];
  document.segments.forEach((one, at) => {
    if (one.speaker === from) edit.push(...setSpeaker(document, at, to));
  });
  return edit;
}

/** A gap that needs nothing more. */
export function closeGap(document, at) {
  return [{ list: "gaps", at, out: [document.gaps[at]], into: [] }];
}

/** The names in the transcript, in the order they speak. */
export function speakers(document) {
  return [...new Set(document.segments.map((one) => one.speaker).filter(Boolean))];
}

/** Everything by something else: another revision, or what the server decoded again. */
export function become(document, other) {
  const gaps =
    JSON.stringify(document.gaps.map(told)) === JSON.stringify(other.gaps.map(told))
      ? []
      : [{ list: "gaps", at: 0, out: document.gaps, into: other.gaps }];
  return [...difference(document.segments, other.segments), ...gaps];
}

const told = ({ start, end, reason }) => [start, end, reason];

/** The one splice that makes a list of segments another. */
export function difference(old, segments) {
  let head = 0;
  while (head < old.length && head < segments.length && same(old[head], segments[head])) head++;
  let tail = 0;
  while (
    tail < Math.min(old.length, segments.length) - head &&
    same(old.at(-1 - tail), segments.at(-1 - tail))
  )
    tail++;
  const out = old.slice(head, old.length - tail);
  const into = segments.slice(head, segments.length - tail);
  return out.length || into.length ? [{ at: head, out, into }] : [];
}

/** Whether two segments say the same at the same time. */
export function same(one, other) {
  return (
    one.start === other.start &&
    one.end === other.end &&
    one.text === other.text &&
    one.speaker === other.speaker
  );
}
