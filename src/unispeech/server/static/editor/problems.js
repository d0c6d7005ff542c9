// Subtitles that are too long or too fast, as found by the server and shown in the rows.

/** @import { Violation } from "../service.d.ts" */
/** @import { Segment } from "../transcript/document.js" */
/** @import { Store } from "./store.js" */

import * as api from "../api.js";
import { number, t } from "../strings/index.js";
import { lastBegun } from "../transcript/times.js";
import { layoutOf } from "../views/layout.js";

const SOON = 400; // milliseconds after a save

/** Problems of the subtitles of a store's document. */
export class SubtitleProblems {
  /** @type {Map<number | undefined, Violation[]>} */
  #bySegment = new Map(); // by key
  /** @type {(count: number) => void} */
  #changed = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #job;
  #store;

  /**
   * @param {string} job
   * @param {Store} store
   */
  constructor(job, store) {
    this.#job = job;
    this.#store = store;
    // The next save checks again, so do not interrupt typing.
    store.listen(() => clearTimeout(this.#timer));
  }

  /** @param {(count: number) => void} callback */
  onChange(callback) {
    this.#changed = callback;
  }

  /**
   * Descriptions of the problems of a segment.
   * @param {Segment} segment
   */
  of({ key }) {
    return (this.#bySegment.get(key) ?? []).map(problemText);
  }

  /** Index of the next segment with a problem, wrapping to the first, or -1. */
  after(/** @type {number} */ index) {
    const { segments } = this.#store.document;
    const hasProblem = (/** @type {Segment} */ { key }) => this.#bySegment.has(key);
    const next = segments.findIndex((segment, i) => i > index && hasProblem(segment));
    return next < 0 ? segments.findIndex(hasProblem) : next;
  }

  /** Segments with problems, and their description. */
  all() {
    return this.#store.document.segments.flatMap((segment, index) =>
      this.of(segment).map((text) => ({ index, text })),
    );
  }

  /** Check after a short delay. */
  refresh() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look().catch(() => {}), SOON);
  }

  async #look() {
    const { document } = this.#store;
    const { violations } = await api.checkSubtitles(api.place.ofJob(this.#job), layoutOf());
    if (document !== this.#store.document) return;
    const { segments } = document;
    this.#bySegment = Map.groupBy(
      violations,
      ({ start }) => segments[lastBegun(segments, start + 0.002)]?.key,
    );
    this.#changed(violations.length);
  }
}

/**
 * Description of a problem.
 * @param {Violation} violation
 */
export function problemText({ rule, value, limit }) {
  const isCount = rule.startsWith("max_line") || rule === "max_words_per_line";
  const digits = isCount ? 0 : rule === "max_cps" ? 1 : 2;
  const options = { maximumFractionDigits: digits };
  return t(`problem.${rule}`, {
    value: number(value, options),
    limit: number(limit ?? 0, options),
  });
}
