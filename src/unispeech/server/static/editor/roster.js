// The speakers of the open transcript in an order that lasts: the first nine have a key. A name stays listed
// when its last segment goes to somebody else.

/** @import { Store } from "./store.js" */

import { speakers } from "../transcript/document.js";

export const COLOURS = 9;

export class Roster {
  /** @type {string[]} */
  #names = [];
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    store.listen(() => this.#update());
    this.#update();
  }

  get names() {
    return this.#names;
  }

  #update() {
    for (const name of speakers(this.#store.document)) this.add(name);
  }

  /** @param {string} name */
  add(name) {
    if (!this.#names.includes(name)) this.#names = [...this.#names, name];
  }

  /**
   * Put a new name in the place of an old one, or drop the old one if the new one is listed.
   * @param {string} from
   * @param {string} to
   */
  rename(from, to) {
    const rest = this.#names.includes(to)
      ? this.#names.filter((name) => name !== from)
      : this.#names.map((name) => (name === from ? to : name));
    this.#names = rest;
  }

  /** @param {string} name */
  colour(name) {
    return this.#names.indexOf(name) % COLOURS;
  }

  /**
   * Name of a digit key; null for 0, which is nobody; undefined if no speaker has the key.
   * @param {number} digit
   */
  ofKey(digit) {
    return digit === 0 ? null : this.#names[digit - 1];
  }
}
