// Words of vocabulary lists. Pure functions.

/**
 * Words of a text with one on each line, or separated by commas.
 * @param {string} text
 */
export const wordsIn = (text) => [
  ...new Set(
    text
      .split(/[\n,;،、，]/)
      .map((word) => word.trim())
      .filter(Boolean),
  ),
];

/**
 * The words of a colleague with the same words added and removed as in my version of the list.
 * @param {{ before: string[], mine: string[], theirs: string[] }} versions
 */
export function mergedWords({ before, mine, theirs }) {
  const kept = theirs.filter((word) => mine.includes(word) || !before.includes(word));
  return [...new Set([...kept, ...mine.filter((word) => !before.includes(word))])];
}
