// Word times when the text is changed by hand: what stays keeps its time, what is new gets a share.
//
// A word is {start, end, word, probability}; `word` holds the space before it, as Whisper gives it,
// so the text of a segment is its words joined with nothing.

import { rounded } from "./times.js";

export const WITHOUT_SPACES =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** A text as words: at spaces, and by the browser's dictionary where a script has none. Joined they are the text. */
export function tokens(text) {
  return (text.match(/\s*\S+(?:\s+$)?/gu) ?? []).flatMap((token) =>
    WITHOUT_SPACES.test(token) ? dictionary(token) : [token],
  );
}

function dictionary(token) {
  const parts = [];
  for (const { segment, isWordLike } of new Intl.Segmenter(undefined, {
    granularity: "word",
  }).segment(token)) {
    if (parts.length && (!isWordLike || !parts.at(-1).trim())) parts[parts.length - 1] += segment;
    else parts.push(segment);
  }
  return parts;
}

/** The words of `text`, as near as can be to `old`; new ones are certain, for somebody wrote them. */
export function realigned(old, text, start, end) {
  if (!old.length) return [];
  const head = kept(
    old.map((word) => word.word),
    text,
  );
  const tail = keptAtEnd(
    old.slice(head).map((word) => word.word),
    text.slice(letters(old, 0, head)),
  );
  const last = old.length - tail;
  const middle = text.slice(letters(old, 0, head), text.length - letters(old, last, old.length));
  if (middle && !middle.trim()) return spaced(old.slice(0, head), middle, old.slice(last));
  return [
    ...old.slice(0, head),
    ...matched(
      old.slice(head, last),
      tokens(middle),
      head ? old[head - 1].end : start,
      last < old.length ? old[last].start : end,
    ),
    ...old.slice(last),
  ];
}

// Nothing but spaces between two words belongs to one of them.
function spaced(before, space, after) {
  if (after.length)
    return [...before, { ...after[0], word: space + after[0].word }, ...after.slice(1)];
  if (!before.length) return [];
  return [...before.slice(0, -1), { ...before.at(-1), word: before.at(-1).word + space }];
}

function letters(words, from, to) {
  let sum = 0;
  for (let i = from; i < to; i++) sum += words[i].word.length;
  return sum;
}

function kept(words, text) {
  let count = 0;
  let at = 0;
  while (count < words.length && text.startsWith(words[count], at)) at += words[count++].length;
  return count && joins(text, at) ? count - 1 : count;
}

function keptAtEnd(words, text) {
  let count = 0;
  let at = text.length;
  while (count < words.length) {
    const word = words[words.length - 1 - count];
    if (at < word.length || !text.endsWith(word, at)) break;
    at -= word.length;
    count++;
  }
  return count && joins(text, at) ? count - 1 : count;
}

// Whether the letters on both sides of a place belong to one word.
function joins(text, at) {
  if (at <= 0 || at >= text.length) return false;
  return !/\s/u.test(text[at - 1] + text[at]) && !WITHOUT_SPACES.test(text[at - 1] + text[at]);
}

// The longest common subsequence keeps its times; every run of others shares the time between.
function matched(old, fresh, start, end) {
  const pairs = common(
    old.map((word) => word.word.trim()),
    fresh.map((token) => token.trim()),
  );
  const result = [];
  let [o, f, from] = [0, 0, start];
  for (const [i, j] of [...pairs, [old.length, fresh.length]]) {
    const until = i < old.length ? old[i].start : end;
    const inside =
      o < i ? [Math.max(from, old[o].start), Math.min(until, old[i - 1].end)] : [from, until];
    result.push(...spread(fresh.slice(f, j), ...inside));
    if (i < old.length) {
      result.push({ ...old[i], word: fresh[j] });
      from = old[i].end;
    }
    [o, f] = [i + 1, j + 1];
  }
  return result;
}

/** Tokens over a stretch of time, each as long as it has letters. */
export function spread(list, start, end) {
  const total = list.reduce((sum, token) => sum + token.length, 0);
  let [at, upto] = [start, 0];
  return list.map((word) => {
    upto += word.length;
    const next = start + (Math.max(0, end - start) * upto) / total;
    const made = { start: rounded(at), end: rounded(next), word, probability: 1 };
    at = next;
    return made;
  });
}

function common(a, b) {
  if (!a.length || !b.length || a.length * b.length > 250_000) return [];
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] =
        a[i] === b[j]
          ? table[(i + 1) * width + j + 1] + 1
          : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i++;
    else j++;
  }
  return pairs;
}

/** The number of the word that holds the letter at `offset` of the segment's text, or -1. */
export function wordAt(words, offset) {
  let upto = 0;
  for (let i = 0; i < words.length; i++) {
    upto += words[i].word.length;
    if (offset < upto) return i;
  }
  return words.length - 1;
}

/** Where each word lies in the text, without the spaces around it: [[from, to], ...]. */
export function places(words) {
  let at = 0;
  return words.map(({ word }) => {
    const from = at + word.length - word.trimStart().length;
    at += word.length;
    return [from, Math.max(from, at - (word.length - word.trimEnd().length))];
  });
}
