// Word times of edited text: unchanged words keep their times, new words share the time between them. The
// server does the same for other clients (text/timing.py); tests/retiming.json tests both.
//
// A `word` includes the space before it, as in Whisper, so the text of a segment is the concatenation of its
// words.

/** @import { EditedWord as Word } from "../service.d.ts" */

import { rounded } from "./times.js";

export const WITHOUT_SPACES =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/**
 * Split a text into words at spaces, or with the browser's dictionary in scripts without spaces. The words
 * join to the text.
 * @param {string} text
 */
export function tokens(text) {
  return (text.match(/\s*\S+(?:\s+$)?/gu) ?? []).flatMap((token) =>
    WITHOUT_SPACES.test(token) ? dictionaryWords(token) : [token],
  );
}

/** @param {string} token */
function dictionaryWords(token) {
  /** @type {string[]} */
  const parts = [];
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  for (const { segment, isWordLike } of segmenter.segment(token)) {
    const last = parts.at(-1);
    if (last !== undefined && (!isWordLike || !last.trim()))
      parts[parts.length - 1] = last + segment;
    else parts.push(segment);
  }
  return parts;
}

/**
 * Words of `text` with the times of `old` where they match. New words have probability 1: a person wrote
 * them. Their letters and phones are unknown.
 * @param {Word[]} old
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @returns {Word[]}
 */
export function realigned(old, text, start, end) {
  if (!old.length) return [];
  const spellings = old.map(({ word }) => word);
  const head = commonHead(spellings, text);
  const tail = commonTail(spellings.slice(head), text.slice(letters(old, 0, head)));
  const last = old.length - tail;
  const middle = text.slice(letters(old, 0, head), text.length - letters(old, last, old.length));
  if (middle && !middle.trim()) return spaced(old.slice(0, head), middle, old.slice(last));
  const added = tokens(middle);
  const runs = commonRuns(
    spellings.slice(head, last).map((word) => word.trim()),
    added.map((word) => word.trim()),
  );
  const words = old.slice(0, head);
  let [o, f] = [head, 0];
  for (const [a, b, length] of [...runs, [last - head, added.length, 0]]) {
    const at = head + a;
    words.push(...respelled(old, o, at, added.slice(f, b), { start, end }));
    for (let i = 0; i < length; i++) words.push({ ...old[at + i], word: added[b + i] });
    [o, f] = [at + length, b + length];
  }
  return [...words, ...old.slice(last)];
}

/**
 * New words in place of `old[from:to]`. The same number of words takes their times; otherwise the words share
 * the time.
 * @param {Word[]} old
 * @param {number} from
 * @param {number} to
 * @param {string[]} added
 * @param {{ start: number, end: number }} segment
 * @returns {Word[]}
 */
function respelled(old, from, to, added, { start, end }) {
  if (added.length === to - from)
    return added.map((word, index) => {
      const { characters: _, phones: __, ...replaced } = old[from + index];
      return { ...replaced, word, probability: 1 };
    });
  const since = from < to ? old[from].start : (old[from - 1]?.end ?? start);
  const until = from < to ? old[to - 1].end : (old[to]?.start ?? end);
  const { speaker } = old[Math.min(from, old.length - 1)];
  const words = spread(added, since, until);
  return speaker ? words.map((word) => ({ ...word, speaker })) : words;
}

/**
 * Tokens with the space between two of them attached to the second.
 * @param {Word[]} before
 * @param {string} space
 * @param {Word[]} after
 */
function spaced(before, space, after) {
  if (after.length)
    return [...before, { ...after[0], word: space + after[0].word }, ...after.slice(1)];
  const last = before.at(-1);
  return last ? [...before.slice(0, -1), { ...last, word: last.word + space }] : [];
}

/** @type {(words: Word[], from: number, to: number) => number} */
function letters(words, from, to) {
  let sum = 0;
  for (let i = from; i < to; i++) sum += words[i].word.length;
  return sum;
}

/**
 * Number of words at the start of a text that match.
 * @param {string[]} words
 * @param {string} text
 */
function commonHead(words, text) {
  let count = 0;
  let at = 0;
  while (count < words.length && text.startsWith(words[count], at)) at += words[count++].length;
  return count && cutsWord(text, at) ? count - 1 : count;
}

/**
 * Number of words at the end of a text that match.
 * @param {string[]} words
 * @param {string} text
 */
function commonTail(words, text) {
  let count = 0;
  let at = text.length;
  while (count < words.length) {
    const word = words[words.length - 1 - count];
    if (at < word.length || !text.endsWith(word, at)) break;
    at -= word.length;
    count++;
  }
  return count && cutsWord(text, at) ? count - 1 : count;
}

/**
 * True if the characters on both sides of an offset belong to one word.
 * @param {string} text
 * @param {number} at
 */
function cutsWord(text, at) {
  if (at <= 0 || at >= text.length) return false;
  const beside = text[at - 1] + text[at];
  return !/\s/u.test(beside) && !WITHOUT_SPACES.test(beside);
}

/**
 * Spread tokens over an interval in proportion to their length. Their times are `estimated`.
 * @param {string[]} tokens
 * @param {number} start
 * @param {number} end
 * @returns {Word[]}
 */
export function spread(tokens, start, end) {
  const total = tokens.reduce((sum, token) => sum + size(token), 0) || 1;
  let [from, spent] = [start, 0];
  return tokens.map((word) => {
    spent += size(word);
    const to = start + (Math.max(0, end - start) * spent) / total;
    const times = { start: rounded(from), end: rounded(to) };
    from = to;
    return { ...times, word, probability: 1, timed_by: "estimated" };
  });
}

/**
 * Number of characters without combining marks.
 * @param {string} token
 */
const size = (token) => [...token.replace(/\p{Mn}/gu, "")].length;

/**
 * Matching blocks of two lists, as in difflib of Python: [[index in a, index in b, length], ...] in order.
 * @param {string[]} a
 * @param {string[]} b
 * @returns {[number, number, number][]}
 */
export function commonRuns(a, b) {
  const [i, j, length] = longestRun(a, b);
  if (!length) return [];
  const [afterA, afterB] = [i + length, j + length];
  const rest = commonRuns(a.slice(afterA), b.slice(afterB));
  return [
    ...commonRuns(a.slice(0, i), b.slice(0, j)),
    [i, j, length],
    ...rest.map(
      ([x, y, n]) => /** @type {[number, number, number]} */ ([x + afterA, y + afterB, n]),
    ),
  ];
}

/**
 * First longest matching block of two lists; its length is 0 if there is none.
 * @param {string[]} a
 * @param {string[]} b
 * @returns {[number, number, number]}
 */
function longestRun(a, b) {
  /** @type {[number, number, number]} */
  let best = [0, 0, 0];
  let lengths = new Uint32Array(b.length + 1); // of the blocks that end before each index of b
  for (const [i, word] of a.entries()) {
    const next = new Uint32Array(b.length + 1);
    for (const [j, other] of b.entries()) {
      if (word !== other) continue;
      const length = lengths[j] + 1;
      next[j + 1] = length;
      if (length > best[2]) best = [i - length + 1, j - length + 1, length];
    }
    lengths = next;
  }
  return best;
}

/**
 * Index of the word at character `offset` of the segment's text.
 * @param {Word[]} words
 * @param {number} offset
 */
export function wordAt(words, offset) {
  let upto = 0;
  for (let i = 0; i < words.length; i++) {
    upto += words[i].word.length;
    if (offset < upto) return i;
  }
  return words.length - 1;
}

/**
 * Character range of each word, without the spaces around it.
 * @param {Word[]} words
 * @returns {[from: number, to: number][]}
 */
export function places(words) {
  let at = 0;
  return words.map(({ word }) => {
    const from = at + word.length - word.trimStart().length;
    at += word.length;
    return [from, Math.max(from, at - (word.length - word.trimEnd().length))];
  });
}
