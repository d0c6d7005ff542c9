// Passages of a transcript as people quote them. Pure functions.

/** @import { Segment } from "./document.js" */

/**
 * A passage of one speaker.
 * @typedef {{ start: number, speaker: string | null, text: string }} Passage
 */

/**
 * Passages of segments, adjacent ones of a speaker joined.
 * @param {Pick<Segment, "start" | "speaker" | "text">[]} segments
 */
export function passages(segments) {
  /** @type {Passage[]} */
  const all = [];
  for (const { start, speaker, text } of segments) {
    const last = all.at(-1);
    if (last && last.speaker === speaker) last.text = `${last.text.trimEnd()} ${text.trim()}`;
    else all.push({ start, speaker, text: text.trim() });
  }
  return all.filter(({ text }) => text);
}
