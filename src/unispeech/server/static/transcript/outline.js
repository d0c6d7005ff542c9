// Outline of a transcript: where a speaker's turn or a stretch of time begins. Pure functions.

/** @import { TranscriptDocument } from "./document.js" */

const MOST = 200; // entries
const SHORTEST = 30; // seconds between two entries
const LETTERS = 70;

/**
 * Entries with the index of a segment and its first words. An entry begins at a change of speaker, or where
 * none has begun for long; entries are at least a 200th of the recording apart.
 * @param {TranscriptDocument} document
 */
export function outline({ segments }) {
  const length = segments.at(-1)?.end ?? 0;
  const least = Math.max(SHORTEST / 3, length / MOST);
  /** @type {{ at: number, text: string }[]} */
  const entries = [];
  let last = Number.NEGATIVE_INFINITY;
  /** @type {string | null | undefined} */
  let speaker;
  for (const [at, segment] of segments.entries()) {
    const since = segment.start - last;
    const isTurn = segment.speaker !== speaker && since >= least;
    if (!segment.text.trim() || !(isTurn || since >= Math.max(SHORTEST, 2 * least))) continue;
    last = segment.start;
    speaker = segment.speaker;
    const text = segment.text.trim();
    entries.push({
      at,
      text: text.length > LETTERS ? `${text.slice(0, LETTERS).trimEnd()} …` : text,
    });
  }
  return entries;
}
