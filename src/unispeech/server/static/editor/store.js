// The open transcript: owns the document and its history.

/** @import { Edit, SegmentSplice, TranscriptDocument } from "../transcript/document.js" */
/** @import { Step } from "../transcript/history.js" */

import { apply } from "../transcript/document.js";
import * as steps from "../transcript/history.js";

const PAUSE = 1500; // milliseconds without typing after which a new undo step begins

/**
 * @typedef {"typed" | "done" | "undo" | "loaded"} Origin of an edit
 * @typedef {(edit: Edit, origin: Origin) => void} StoreListener called after every change
 */

export class Store {
  #history = steps.EMPTY;
  /** @type {{ key: number, name: symbol, at: number, isComposing: boolean } | null} */
  #burst = null;
  /** @type {Set<StoreListener>} */
  #listeners = new Set();

  /** @param {TranscriptDocument} document */
  constructor(document) {
    this.document = document;
  }

  /** @param {StoreListener} listener */
  listen(listener) {
    this.#listeners.add(listener);
  }

  get canUndo() {
    return this.#history.past !== null;
  }

  get canRedo() {
    return this.#history.future !== null;
  }

  /**
   * Apply an edit. False if it is empty.
   * @param {Edit} edit
   * @param {Origin} [origin]
   */
  change(edit, origin = "done") {
    if (!edit.length) return false;
    this.#burst = null;
    this.#history = steps.record(this.#history, edit);
    this.#set(edit, origin);
    return true;
  }

  /**
   * Apply typed text; typing without a pause is one undo step, and so is a composition.
   * @param {SegmentSplice[]} edit
   * @param {number} key of the segment
   * @param {boolean} [isComposing] whether an input method goes on composing the text
   */
  type(edit, key, isComposing = false) {
    const now = performance.now();
    const last = this.#burst;
    const goesOn = last?.key === key && (last.isComposing || now - last.at <= PAUSE);
    const burst = { key, name: goesOn ? last.name : Symbol("burst"), at: now, isComposing };
    this.#burst = burst;
    this.#history = steps.record(this.#history, edit, burst.name);
    this.#set(edit, "typed");
  }

  undo() {
    return this.#step(steps.undo(this.#history));
  }

  redo() {
    return this.#step(steps.redo(this.#history));
  }

  /** @param {Step | null} step */
  #step(step) {
    if (!step) return false;
    this.#burst = null;
    this.#history = step.history;
    this.#set(step.edit, "undo");
    return true;
  }

  /**
   * @param {Edit} edit
   * @param {Origin} origin
   */
  #set(edit, origin) {
    this.document = apply(this.document, edit);
    for (const listener of this.#listeners) {
      try {
        listener(edit, origin);
      } catch (error) {
        reportError(error); // the others, such as autosave, still have to hear of the edit
      }
    }
  }
}
