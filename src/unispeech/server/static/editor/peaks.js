// Waveform of a recording, loaded in pieces as they are drawn.

import * as api from "../api.js";

const PER_SECOND = 100;
const PIECE = 60; // seconds per request
const RETRY = 5000; // milliseconds

export class Peaks {
  /** @type {Map<number, Int8Array | null>} */
  #pieces = new Map(); // null while loading
  #base;
  #length;
  #changed;

  /**
   * @param {string} base
   * @param {number} length seconds
   * @param {() => void} changed called when more can be drawn
   */
  constructor(base, length, changed) {
    this.#base = base;
    this.#length = length;
    this.#changed = changed;
  }

  /**
   * Minimum and maximum in an interval, -128 to 127; 0 until they are loaded.
   * @param {number} start
   * @param {number} end
   */
  swing(start, end) {
    let [low, high] = [0, 0];
    const first = Math.floor(start * PER_SECOND);
    const last = Math.max(first + 1, Math.ceil(end * PER_SECOND));
    for (let i = first; i < last; i++) {
      const piece = this.#piece(Math.floor(i / (PER_SECOND * PIECE)));
      const at = 2 * (i % (PER_SECOND * PIECE));
      if (!piece || at + 1 >= piece.length) continue;
      low = Math.min(low, piece[at]);
      high = Math.max(high, piece[at + 1]);
    }
    return [low, high];
  }

  /** @param {number} number */
  #piece(number) {
    if (!this.#pieces.has(number)) {
      this.#pieces.set(number, null);
      if (number * PIECE < this.#length) this.#load(number);
    }
    return this.#pieces.get(number);
  }

  /** @param {number} number */
  async #load(number) {
    const start = number * PIECE;
    const end = Math.min(this.#length, start + PIECE);
    try {
      this.#pieces.set(number, await api.peaks(this.#base, { per_second: PER_SECOND, start, end }));
      this.#changed();
    } catch (error) {
      if (![0, 429].includes(api.statusOf(error))) return;
      setTimeout(() => {
        this.#pieces.delete(number);
        this.#changed();
      }, RETRY);
    }
  }
}
