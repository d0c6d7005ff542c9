// Find and replace over the shown text of all segments.

import { setText, shown } from "./edits.js";
import { WITHOUT_SPACES } from "./words.js";

/** A pattern for what was typed, or null where it is empty. */
export function pattern(query, { matchCase = false, wholeWord = false } = {}) {
  if (!query) return null;
  const plain = query.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");
  // Nothing shows where a word of a script without spaces ends.
  const bounded =
    wholeWord && !WITHOUT_SPACES.test(query)
      ? `(?<![\\p{L}\\p{N}_])${plain}(?![\\p{L}\\p{N}_])`
      : plain;
  return new RegExp(bounded, matchCase ? "gu" : "giu");
}

/** Every place it stands: [{at, from, to}], in reading order. */
export function matches(document, wanted) {
  if (!wanted) return [];
  const found = [];
  document.segments.forEach((one, at) => {
    for (const match of shown(one).matchAll(wanted)) {
      found.push({ at, from: match.index, to: match.index + match[0].length });
    }
  });
  return found;
}

/** One place, or every one, by another text: an edit. */
export function replaced(document, found, text) {
  return [...Map.groupBy(found, ({ at }) => at)].flatMap(([at, list]) => {
    let said = shown(document.segments[at]);
    for (const { from, to } of list.toReversed())
      said = said.slice(0, from) + text + said.slice(to);
    return setText(document, at, said);
  });
}
