// Speakers of a transcript: edits that set them, and who speaks for how long. Pure functions.

/** @import { Segment, SegmentSplice, TranscriptDocument } from "./document.js" */

const SAMPLE = { shortest: 2, longest: 6 }; // seconds of a sample of a voice

/**
 * Set the speaker of a segment.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {string | null} speaker
 * @returns {SegmentSplice[]}
 */
export function setSpeaker(document, at, speaker) {
  const old = document.segments[at];
  const name = speaker?.trim() || null;
  if (old.speaker === name) return [];
  const words = old.words.map((word) => (word.speaker ? { ...word, speaker: name } : word));
  return [{ at, out: [old], into: [{ ...old, speaker: name, words }] }];
}

/**
 * Set the speaker of several segments.
 * @param {TranscriptDocument} document
 * @param {number[]} indices
 * @param {string | null} speaker
 */
export function setSpeakers(document, indices, speaker) {
  return indices.flatMap((at) => setSpeaker(document, at, speaker));
}

/**
 * Set the speaker of a segment and of all later ones that had the same speaker.
 * @param {TranscriptDocument} document
 * @param {number} at
 * @param {string | null} speaker
 */
export function setSpeakerFrom(document, at, speaker) {
  const before = document.segments[at].speaker;
  return document.segments.flatMap((segment, index) =>
    index >= at && segment.speaker === before ? setSpeaker(document, index, speaker) : [],
  );
}

/**
 * Rename a speaker everywhere; a name that exists merges the two.
 * @param {TranscriptDocument} document
 * @param {string} from
 * @param {string} to
 */
export function renameSpeaker(document, from, to) {
  return document.segments.flatMap(({ speaker }, at) =>
    speaker === from ? setSpeaker(document, at, to) : [],
  );
}

/**
 * Seconds of speech of each speaker; null is nobody.
 * @param {TranscriptDocument} document
 * @returns {Map<string | null, number>}
 */
export function talkTimes({ segments }) {
  /** @type {Map<string | null, number>} */
  const times = new Map();
  for (const { speaker, start, end } of segments)
    times.set(speaker, (times.get(speaker) ?? 0) + Math.max(0, end - start));
  return times;
}

/**
 * A span in which a speaker is heard well: the segment whose words are the most certain, or the longest if
 * all are short. Undefined if the speaker has no segment.
 * @param {TranscriptDocument} document
 * @param {string | null} speaker
 */
export function sampleOf({ segments }, speaker) {
  const own = segments.filter((segment) => segment.speaker === speaker && segment.text.trim());
  const long = own.filter(({ start, end }) => end - start >= SAMPLE.shortest);
  const best = long.length
    ? long.reduce((a, b) => (certainty(b) > certainty(a) ? b : a))
    : own.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a), own[0]);
  return best && { start: best.start, end: Math.min(best.end, best.start + SAMPLE.longest) };
}

/** @param {Segment} segment */
function certainty({ words }) {
  return words.length
    ? words.reduce((sum, { probability }) => sum + probability, 0) / words.length
    : 0;
}
