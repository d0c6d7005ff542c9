// Caption lines: the finished ones and the open one.

/** @import { LiveEvent } from "../service.d.ts" */
/** @import { Caption, TimedText } from "./subtitles.js" */

import { h } from "../dom.js";
import { clock } from "../transcript/times.js";

const LONG = 60; // characters after which the end of a sentence ends a line
const UNCLEAR = "[…]"; // speech without a reliable text
const FOLLOW = 80; // pixels from the end within which the view scrolls with new text

/** @type {Caption[]} */
const lines = []; // they outlive the view, so that switching views loses nothing
let origin = 0; // milliseconds since 1970 at 0:00 of the lines

export class Captions {
  #changed;
  /** @type {Line | null} */
  #open = null; // the line that still grows
  #offset = 0; // seconds from 0:00 of the lines to the start of the current stream
  #follows = true; // false while the reader is at an earlier line

  /**
   * @param {string} label
   * @param {string} empty shown while there is no text
   * @param {() => void} changed called after every change
   */
  constructor(label, empty, changed) {
    this.#changed = changed;
    this.element = h("div", {
      id: "captions",
      class: "captions",
      role: "log",
      "aria-label": label,
      tabindex: "0",
      data: { empty },
      on: {
        scroll: () => {
          this.#follows = this.#isAtEnd;
        },
      },
    });
    // Turning a phone or a longer message below the text must not hide the newest line.
    new ResizeObserver(() => this.#follows && this.scrollDown()).observe(this.element);
    for (const { start, text } of lines) this.#begin(start, text).finish();
  }

  /** All final text. @returns {Caption[]} */
  get captions() {
    const open = this.#open?.caption;
    return open ? [...lines, open] : [...lines];
  }

  /** A stream begins: its times continue those of the lines before it. */
  begin() {
    if (!lines.length) origin = Date.now();
    this.#offset = (Date.now() - origin) / 1000;
  }

  /** @param {LiveEvent} event */
  show({ type, start, end, text, words }) {
    const offset = this.#offset;
    if (type === "endpoint") this.end();
    else if (type === "gap") this.#showGap(offset + start, offset + end);
    else if (type === "partial") this.#showText(offset + start, text);
    else if (type === "final") this.#showText(offset + start, text, timed(words, offset));
  }

  /** End the open line. */
  end() {
    const line = this.#open;
    if (!line) return;
    this.#change(() => {
      const { caption } = line;
      if (caption) lines.push(caption);
      if (caption) line.finish();
      else line.element.remove();
      this.#open = null;
    });
  }

  clear() {
    lines.length = 0;
    this.#change(() => this.element.replaceChildren());
  }

  scrollDown() {
    this.#follows = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /**
   * @param {number} start
   * @param {string} text
   * @param {TimedText[]} [words] of a final text
   */
  #showText(start, text, words) {
    this.#change(() => {
      const line = this.#open ?? this.#begin(start);
      const part = line.text ? text : text.trimStart();
      if (words) line.add(part, words);
      else line.showOpen(part);
      this.#open = line;
    });
    const sentence = this.#open?.text ?? "";
    if (words && sentence.length > LONG && /[.?!。？！]\s*$/.test(sentence)) this.end();
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  #showGap(start, end) {
    this.end();
    if (lines.at(-1)?.text === UNCLEAR) return;
    lines.push({ start, text: UNCLEAR, words: [{ start, end, text: UNCLEAR }] });
    this.#change(() => this.#begin(start, UNCLEAR).finish());
  }

  /** @param {number} start */
  #begin(start, text = "") {
    const line = new Line(start, text);
    this.element.append(line.element);
    return line;
  }

  /**
   * Change the text; a view scrolled to the end stays there.
   * @param {() => void} change
   */
  #change(change) {
    const follows = this.#isAtEnd;
    change();
    if (follows) this.scrollDown();
    this.#changed();
  }

  get #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < FOLLOW;
  }
}

/** A line with its provisional text, which screen readers skip: they read only final words. */
class Line {
  /** @type {TimedText[]} */
  #words = [];
  #open = h("span", { class: "open", "aria-hidden": "true" });

  /**
   * @param {number} start
   * @param {string} text
   */
  constructor(start, text) {
    this.start = start;
    this.text = text;
    const time = h("time", {}, clock(start));
    this.element = h("p", {}, time, h("span", { dir: "auto" }, text, this.#open));
  }

  /** The final text; null while there is none. @returns {Caption | null} */
  get caption() {
    const text = this.text.trim();
    return text ? { start: this.start, text, words: this.#words } : null;
  }

  /** @param {string} text */
  showOpen(text) {
    this.#open.replaceChildren(text);
  }

  /**
   * @param {string} text
   * @param {TimedText[]} words
   */
  add(text, words) {
    this.text += text;
    this.#words.push(...words);
    this.#open.replaceChildren();
    this.#open.before(text);
  }

  finish() {
    this.#open.remove();
  }
}

/** @type {(words: LiveEvent["words"], offset: number) => TimedText[]} */
const timed = (words, offset) =>
  words.map(({ word, start, end }) => ({ text: word, start: offset + start, end: offset + end }));
