// Find and replace over the shown text of all segments.

/** @import { Edit, TranscriptDocument } from "./document.js" */

import { shown } from "./document.js";
import { setText } from "./edits.js";
import { WITHOUT_SPACES } from "./words.js";

/** @typedef {{ at: number, from: number, to: number }} Match segment index and range of its shown text */

/**
 * Pattern of a query; null if the query is empty.
 * @param {string} query
 */
export function pattern(query, { matchCase = false, wholeWord = false } = {}) {
  if (!query) return null;
  const plain = query.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");
  // In a script without spaces nothing marks the end of a word.
  const bounded =
    wholeWord && !WITHOUT_SPACES.test(query)
      ? `(?<![\\p{L}\\p{N}_])${plain}(?![\\p{L}\\p{N}_])`
      : plain;
  return new RegExp(bounded, matchCase ? "gu" : "giu");
}

/**
 * All matches of a pattern in reading order.
 * @param {TranscriptDocument} document
 * @param {RegExp | null} query
 * @returns {Match[]}
 */
export function matches(document, query) {
  if (!query) return [];
  return document.segments.flatMap((segment, at) =>
    Array.from(shown(segment).matchAll(query), ({ index, 0: { length } }) => ({
      at,
      from: index,
      to: index + length,
    })),
  );
}

/**
 * The edit that replaces each match; matches are in reading order.
 * @param {TranscriptDocument} document
 * @param {Match[]} matches
 * @param {string} text
 * @returns {Edit}
 */
export function replaced(document, matches, text) {
  /** @type {Map<number, string>} */
  const texts = new Map();
  for (const { at, from, to } of matches.toReversed()) {
    const old = texts.get(at) ?? shown(document.segments[at]);
    texts.set(at, old.slice(0, from) + text + old.slice(to));
  }
  return [...texts].toReversed().flatMap(([at, changed]) => setText(document, at, changed));
}
