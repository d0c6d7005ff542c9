// Captions as text and subtitles. Pure functions.

import { clock } from "../transcript/times.js";

/** @typedef {{ start: number, end: number, text: string }} TimedText seconds; a word has its spaces */
/** @typedef {{ start: number, text: string, words: TimedText[] }} Caption */
/** @typedef {{ start: number, end: number, lines: string[] }} Cue */

const WIDTH = 42; // cells in a line
const LINES = 2;
const LEAST = 1; // seconds for which a subtitle is shown, if the next one leaves room
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/;

/** Files that captions are saved as, by suffix. */
export const FILES = {
  txt: { type: "text/plain", write: withTimes },
  srt: { type: "application/x-subrip", write: srt },
  vtt: { type: "text/vtt", write: vtt },
};

/** @param {Caption[]} captions */
export const plain = (captions) => captions.map(({ text }) => text).join("\n");

/** @param {Caption[]} captions */
export function withTimes(captions) {
  return captions.map(({ start, text }) => `${clock(start)}  ${text}`).join("\n");
}

/** @param {Caption[]} captions */
export function srt(captions) {
  const blocks = cues(captions).map(
    ({ start, end, lines }, index) =>
      `${index + 1}\n${stamp(start, ",")} --> ${stamp(end, ",")}\n${lines.join("\n")}\n`,
  );
  return blocks.join("\n");
}

/** @param {Caption[]} captions */
export function vtt(captions) {
  const blocks = cues(captions).map(
    ({ start, end, lines }) =>
      `${stamp(start, ".")} --> ${stamp(end, ".")}\n${lines.map(escaped).join("\n")}\n`,
  );
  return ["WEBVTT\n", ...blocks].join("\n");
}

/**
 * Subtitles of at most `LINES` lines, in order and without overlaps.
 * @param {Caption[]} captions
 * @returns {Cue[]}
 */
export function cues(captions) {
  const all = captions.flatMap(({ words }) => packed(words));
  return all.map(({ start, end, lines }, index) => {
    const next = all[index + 1]?.start ?? Number.POSITIVE_INFINITY;
    return { start, end: Math.min(next, Math.max(end, start + LEAST)), lines };
  });
}

/**
 * Words of a caption as subtitles, each filled before the next one begins.
 * @param {TimedText[]} words
 * @returns {Cue[]}
 */
function packed(words) {
  /** @type {Cue[]} */
  const result = [];
  for (const { start, end, text } of words) {
    const cue = result.at(-1);
    const line = cue?.lines.at(-1) ?? "";
    if (cue && cells(line + text.trimEnd()) <= WIDTH) {
      cue.lines[cue.lines.length - 1] = line + text;
      cue.end = end;
    } else if (cue && cue.lines.length < LINES) {
      cue.lines.push(text.trimStart());
      cue.end = end;
    } else {
      result.push({ start, end, lines: [text.trimStart()] });
    }
  }
  return result.map((cue) => ({ ...cue, lines: cue.lines.map((line) => line.trimEnd()) }));
}

/** @param {string} text */
const cells = (text) => [...text].reduce((sum, letter) => sum + (WIDE.test(letter) ? 2 : 1), 0);

/**
 * @param {number} seconds
 * @param {string} point
 */
function stamp(seconds, point) {
  const thousandths = Math.round(seconds * 1000);
  /** @type {(divisor: number, base: number) => string} */
  const part = (divisor, base) =>
    String(Math.floor(thousandths / divisor) % base).padStart(base === 1000 ? 3 : 2, "0");
  const hours = String(Math.floor(thousandths / 3_600_000)).padStart(2, "0");
  return `${hours}:${part(60_000, 60)}:${part(1000, 60)}${point}${part(1, 1000)}`;
}

/** @param {string} text */
const escaped = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
