// Autosave: soon after the last change, again after a lost connection, never over the change of somebody
// else.

/** @import { Gap, Segment, TranscriptDocument } from "../transcript/document.js" */
/** @import { Store } from "./store.js" */

import * as api from "../api.js";
import { pause } from "../events.js";
import { changes, inOrder } from "../transcript/changes.js";

const SOON = 1200; // milliseconds after the last change
const SLICE = 8; // milliseconds of uninterrupted work
const WAIT = [2000, 5000, 10_000, 30_000];

/**
 * `onState` is called with every new state and its message, if any; `onSaved` after a save. `resolve` is called
 * after somebody else's change; it returns the ETag to save over, or null if the user postpones the decision.
 * @typedef {"saved" | "unsaved" | "saving" | "offline" | "conflict" | "refused"} State
 * @typedef {{
 *   onState: (state: State, message?: string) => void,
 *   onSaved: () => void,
 *   resolve: () => Promise<string | null>,
 * }} Callbacks
 */

/** Saves the document of a store as the transcript of a job. */
export class Autosave {
  #store;
  #job;
  #callbacks;
  #signal;
  #etag;
  #clean; // the last saved document
  #sent; // the segments of `#clean` in the server's order
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Promise<void> | null} */
  #running = null;
  #failures = 0;

  /**
   * @param {Store} store
   * @param {string} job
   * @param {string} etag
   * @param {Callbacks} callbacks
   * @param {AbortSignal} signal
   */
  constructor(store, job, etag, callbacks, signal) {
    this.#store = store;
    this.#job = job;
    this.#etag = etag;
    this.#callbacks = callbacks;
    this.#signal = signal;
    this.#clean = store.document;
    this.#sent = store.document.segments;
    this.#listen();
  }

  get etag() {
    return this.#etag;
  }

  /** The last saved document. */
  get base() {
    return this.#clean;
  }

  get isDirty() {
    return this.#store.document !== this.#clean;
  }

  /** Save now. Resolves once everything is on the server. */
  async now() {
    while (this.isDirty && !this.#signal.aborted) {
      await this.#run();
      if (this.#failures) return;
    }
  }

  /**
   * Save `document` as a version of its own, over `base`, which the server has as `etag`. Returns its ETag.
   * @param {TranscriptDocument} base
   * @param {TranscriptDocument} document
   * @param {string} etag
   */
  async keep(base, document, etag) {
    const body = await patch(base, document, inOrder(document.segments));
    return body ? api.save(this.#job, body, etag) : etag;
  }

  /**
   * Record that the server has `document` as `etag`.
   * @param {TranscriptDocument} document
   * @param {string} etag
   */
  settled(document, etag) {
    this.#clean = document;
    this.#sent = document.segments;
    this.#etag = etag;
    this.#showState();
  }

  #listen() {
    const signal = this.#signal;
    const saveIfDirty = () => {
      if (this.isDirty) this.#plan(0);
    };
    this.#store.listen((_, origin) => {
      if (origin === "loaded") return;
      this.#failures = 0;
      this.#showState();
      this.#plan();
    });
    addEventListener("online", saveIfDirty, { signal });
    document.addEventListener("key-given", saveIfDirty, { signal });
    /** @param {Event} event */
    const keepPage = (event) => {
      if (this.isDirty) event.preventDefault();
    };
    addEventListener("beforeunload", keepPage, { signal });
    const saveIfHidden = () => {
      if (document.hidden && this.isDirty) this.#run();
    };
    document.addEventListener("visibilitychange", saveIfHidden, { signal });
    signal.addEventListener("abort", () => this.#run(), { once: true });
  }

  #showState() {
    this.#callbacks.onState(this.isDirty ? "unsaved" : "saved");
  }

  #plan(wait = SOON) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), wait);
  }

  #run() {
    clearTimeout(this.#timer);
    this.#running ??= this.#save().finally(() => {
      this.#running = null;
      if (this.isDirty && !this.#signal.aborted && !this.#failures) this.#plan();
    });
    return this.#running;
  }

  async #save() {
    const { document } = this.#store;
    if (!this.isDirty) return;
    this.#callbacks.onState("saving");
    try {
      const segments = inOrder(document.segments);
      const body = await patch({ ...this.#clean, segments: this.#sent }, document, segments);
      if (body) this.#etag = await api.save(this.#job, body, this.#etag);
      this.#clean = document;
      this.#sent = segments;
      this.#failures = 0;
      this.#showState();
      this.#callbacks.onSaved();
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** @param {unknown} error */
  async #fail(error) {
    const status = api.statusOf(error);
    if (status === 412) {
      this.#callbacks.onState("conflict");
      const etag = await this.#callbacks.resolve();
      if (!etag) {
        this.#failures++; // postponed: asked again after the next change
        return;
      }
      this.#etag = etag;
      this.#plan(0);
    } else if (status && status < 500 && status !== 429) {
      this.#failures++;
      this.#callbacks.onState("refused", api.messageOf(error));
    } else {
      this.#callbacks.onState("offline", api.messageOf(error));
      this.#plan(WAIT[Math.min(this.#failures++, WAIT.length - 1)]);
    }
  }
}

/**
 * Body of a PATCH that turns the server's document into another; null if they are equal. It contains only the
 * differences, and is built in slices: replacing a word everywhere may change most of a four-hour recording.
 * @param {TranscriptDocument} base
 * @param {TranscriptDocument} document
 * @param {Segment[]} segments of `document`, in the server's order
 */
async function patch(base, document, segments) {
  const different = changes(base.segments, segments);
  const gaps = gapsJson(document.gaps);
  if (!different.length && gaps === gapsJson(base.gaps)) return null;
  let began = performance.now();
  const written = [];
  for (const { at, remove, segments: changed } of different) {
    const texts = [];
    for (const { start, end, text, speaker, words } of changed) {
      texts.push(JSON.stringify({ start, end, text, speaker, words }));
      if (performance.now() - began < SLICE) continue;
      await pause(0);
      began = performance.now();
    }
    written.push(`{"at":${at},"remove":${remove},"segments":[${texts.join(",")}]}`);
  }
  return `{"changes":[${written.join(",")}],"gaps":${gaps}}`;
}

/** @param {Gap[]} gaps */
const gapsJson = (gaps) =>
  JSON.stringify(gaps.map(({ start, end, reason }) => ({ start, end, reason })));
