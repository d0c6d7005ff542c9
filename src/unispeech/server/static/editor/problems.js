// Subtitles that are too long or too fast: the server finds them, the rows show them.

import * as api from "../api.js";
import { number, t } from "../strings/index.js";
import { lastBegun } from "../transcript/times.js";
import { layoutOf } from "../views/layout.js";

const SOON = 400; // milliseconds after a save

/** {of(segment): [texts], soon(), next(after), onChange(callback)} for the document of `store`. */
export function subtitleProblems(job, store) {
  let found = new Map(); // key of a segment: [violation]
  let changed = () => {};
  let timer = 0;

  async function look() {
    const { document } = store;
    const { violations } = await api.checkSubtitles(api.place.ofJob(job), layoutOf());
    if (document !== store.document) return;
    const { segments } = document;
    found = Map.groupBy(
      violations,
      ({ start }) => segments[lastBegun(segments, start + 0.002)]?.key,
    );
    changed(violations.length);
  }

  // Who types again is not disturbed: what is saved after it asks anew.
  store.listen(() => clearTimeout(timer));

  return {
    of: (segment) => (found.get(segment.key) ?? []).map(worded),
    soon() {
      clearTimeout(timer);
      timer = setTimeout(() => look().catch(() => {}), SOON);
    },
    /** The next segment with a problem after one, or -1. */
    next(after) {
      const marked = store.document.segments.flatMap((one, index) =>
        found.has(one.key) ? [index] : [],
      );
      return marked.find((index) => index > after) ?? marked[0] ?? -1;
    },
    onChange: (callback) => {
      changed = callback;
    },
  };
}

/** What is wrong with a subtitle, in words. */
export function worded({ rule, value, limit }) {
  const digits = { maximumFractionDigits: { overlap: 2, max_cps: 1 }[rule] ?? 0 };
  return t(`problem.${rule}`, { value: number(value, digits), limit: number(limit ?? 0, digits) });
}
