// Marks on words without elements: the CSS Custom Highlight API paints ranges of plain text (see
// styles/transcript.css). A browser without it shows no marks; everything else works.

/** @import { Segment } from "../transcript/document.js" */

import { hidden } from "../transcript/document.js";
import { textNode } from "./caret.js";

/** @typedef {[from: number, to: number]} Span range of a segment's text */

const NAMES = ["doubt-3", "doubt-2", "doubt-1", "found", "found-here", "speaking"];
const isSupported = typeof Highlight !== "undefined";
const highlights = new Map(isSupported ? NAMES.map((name, at) => [name, register(name, at)]) : []);

/**
 * @param {string} name
 * @param {number} priority
 */
function register(name, priority) {
  const highlight = new Highlight();
  highlight.priority = priority;
  CSS.highlights.set(name, highlight);
  return highlight;
}

/** The marks of one row. */
export class Marks {
  /** @type {Map<string, StaticRange[]>} */
  #ranges = new Map();
  #text;

  /** @param {HTMLElement} text */
  constructor(text) {
    this.#text = text;
  }

  /**
   * @param {string} name
   * @param {Segment} segment
   * @param {Span[]} spans
   */
  set(name, segment, spans) {
    this.clear(name);
    const highlight = highlights.get(name);
    const node = textNode(this.#text);
    if (!highlight || !node || !spans.length) return;
    const shift = hidden(segment) - hidden({ text: node.data });
    const ranges = spans.flatMap(([from, to]) => rangeIn(node, from - shift, to - shift));
    for (const range of ranges) highlight.add(range);
    this.#ranges.set(name, ranges);
  }

  /** @param {string} name */
  clear(name) {
    for (const range of this.#ranges.get(name) ?? []) highlights.get(name)?.delete(range);
    this.#ranges.delete(name);
  }

  clearAll() {
    for (const name of [...this.#ranges.keys()]) this.clear(name);
  }
}

/**
 * Range in a text, or none if it would be empty.
 * @param {Text} node
 * @param {number} from
 * @param {number} to
 */
function rangeIn(node, from, to) {
  const [startOffset, endOffset] = [Math.max(0, from), Math.min(node.data.length, to)];
  if (endOffset <= startOffset) return [];
  return [new StaticRange({ startContainer: node, startOffset, endContainer: node, endOffset })];
}
