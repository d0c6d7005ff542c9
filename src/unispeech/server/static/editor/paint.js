// Marks on words without an element for each: the CSS Custom Highlight API paints ranges of the plain
// text (styles/transcript.css says how). A browser without it shows no marks, and everything else works.

import { hidden } from "../transcript/edits.js";
import { places } from "../transcript/words.js";

/** Below this probability a word is marked. */
export const DOUBT = 0.5;

const NAMES = ["doubt", "found", "found-here", "speaking"];
const sets =
  typeof Highlight === "undefined"
    ? null
    : Object.fromEntries(NAMES.map((name) => [name, CSS.highlights.get(name) ?? register(name)]));

function register(name) {
  const made = new Highlight();
  made.priority = NAMES.indexOf(name);
  CSS.highlights.set(name, made);
  return made;
}

/** The marks of one row: `marks.set(name, [[from, to], ...])` in letters of the segment's text. */
export function marksOf(text) {
  const mine = new Map();
  return {
    set(name, segment, spans) {
      if (!sets) return;
      this.clear(name);
      const node = text.firstChild;
      if (!node || !spans.length) return;
      const shift = hidden(segment) - (node.data.length - node.data.trimStart().length);
      const ranges = spans
        .map(([from, to]) => range(node, from - shift, to - shift))
        .filter(Boolean);
      for (const one of ranges) sets[name].add(one);
      mine.set(name, ranges);
    },
    clear(name) {
      for (const one of mine.get(name) ?? []) sets[name].delete(one);
      mine.delete(name);
    },
    clearAll() {
      for (const name of [...mine.keys()]) this.clear(name);
    },
  };
}

function range(node, from, to) {
  const [start, end] = [Math.max(0, from), Math.min(node.data.length, to)];
  if (end <= start) return null;
  return new StaticRange({
    startContainer: node,
    startOffset: start,
    endContainer: node,
    endOffset: end,
  });
}

const known = new WeakMap(); // segments never change

/** Where the doubtful words of a segment are. */
export function doubtful(segment) {
  if (!known.has(segment)) known.set(segment, looked(segment));
  return known.get(segment);
}

function looked(segment) {
  const doubted = (word) => word.probability < DOUBT && /[\p{L}\p{N}]/u.test(word.word);
  if (!segment.words.some(doubted)) return [];
  const all = places(segment.words);
  return segment.words.flatMap((word, index) => (doubted(word) ? [all[index]] : []));
}
