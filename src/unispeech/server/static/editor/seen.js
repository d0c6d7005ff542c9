// Doubtful places that the user has looked at, remembered by this browser.

/** @import { TranscriptDocument } from "../transcript/document.js" */
/** @import { Doubt } from "./doubts.js" */

import { settings } from "../settings.js";
import { doubts } from "./doubts.js";

export class Seen {
  /** @type {Set<string>} */
  #places;
  #name;

  /** @param {string} job */
  constructor(job) {
    this.#name = `seen.${job}`;
    /** @type {string[]} */
    const none = [];
    this.#places = new Set(settings.get(this.#name, none));
  }

  /** @param {Doubt} doubt */
  add(doubt) {
    this.#places.add(placeOf(doubt));
    settings.set(this.#name, [...this.#places]);
  }

  /** @param {Doubt} doubt */
  has(doubt) {
    return this.#places.has(placeOf(doubt));
  }

  /**
   * Number of seen places, and of all.
   * @param {TranscriptDocument} document
   */
  progress(document) {
    const left = doubts(document).filter((doubt) => !this.has(doubt)).length;
    return { seen: this.#places.size, all: this.#places.size + left };
  }
}

/**
 * Name of a place that lasts while other text changes.
 * @param {Doubt} doubt
 */
const placeOf = (doubt) => `${"gap" in doubt ? "gap" : "word"} ${doubt.time.toFixed(2)}`;
