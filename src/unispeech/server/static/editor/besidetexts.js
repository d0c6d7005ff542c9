// Texts of another transcript beside the segments of the shown one, by the times that both have.

/** @import { Segment } from "../transcript/document.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { textsBeside } from "../transcript/beside.js";

/** @typedef {{ start: number, end: number, text: string }} Timed */

export class BesideTexts {
  #language = "";
  /** @type {Timed[]} */
  #segments = [];
  /** @type {Segment[] | null} */
  #placed = null; // segments of the document that the texts are placed beside
  /** @type {Map<number, string>} */
  #texts = new Map(); // by key of the segment
  #store;
  #view;

  /**
   * @param {Store} store
   * @param {TranscriptView} view
   */
  constructor(store, view) {
    this.#store = store;
    this.#view = view;
  }

  /**
   * @param {Timed[]} segments
   * @param {string} language
   */
  set(segments, language) {
    this.#segments = segments;
    this.#language = language;
    this.#placed = null;
  }

  /** @param {boolean} isShown */
  show(isShown) {
    /** @param {Segment} segment */
    const textOf = (segment) => this.#textOf(segment);
    this.#view.showBeside(isShown ? { language: this.#language, textOf } : null);
  }

  /** @param {Segment} segment */
  #textOf({ key }) {
    const { segments } = this.#store.document;
    if (this.#placed !== segments) {
      const isSame = this.#placed !== null && haveSameTimes(this.#placed, segments); // only the text was edited
      if (!isSame) this.#texts = textsBeside(segments, this.#segments);
      this.#placed = segments;
    }
    return this.#texts.get(key) ?? "";
  }
}

/**
 * @param {Segment[]} some
 * @param {Segment[]} others
 */
const haveSameTimes = (some, others) =>
  some.length === others.length &&
  some.every(({ key, start, end }, at) => {
    const other = others[at];
    return key === other.key && start === other.start && end === other.end;
  });
