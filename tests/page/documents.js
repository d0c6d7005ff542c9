// Small transcripts for the tests.

import { opened } from "#page/transcript/document.js";

/** One word per second, each 0.8 s long. */
export const words = (text, start = 0) =>
  (text.match(/\s*\S+/g) ?? []).map((word, index) => ({
    start: start + index,
    end: start + index + 0.8,
    word,
    probability: 0.5,
  }));

/** A segment as sent by the server. */
export const segment = (text, start, speaker = null) => ({
  start,
  end: start + words(text).length,
  text,
  words: words(text, start),
  speaker,
});

export const documentOf = (...segments) => opened({ segments });

export const texts = ({ segments }) => segments.map(({ text }) => text);
