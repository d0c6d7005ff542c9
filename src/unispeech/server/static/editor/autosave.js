// Saving by itself: soon after the last change, again after a lost connection, never over somebody else.

import * as api from "../api.js";
import { pause } from "../events.js";

const SOON = 1200; // milliseconds after the last change
const SLICE = 8; // milliseconds of work without a pause
const WAIT = [2000, 5000, 10_000, 30_000];

/**
 * Saves what `store` holds as the transcript of a job. `shown(state, message)` is told: saved, unsaved,
 * saving, offline, conflict, refused. `conflict()` is called when somebody else has saved meanwhile; it gives
 * the ETag to save over, or null where what they saved was taken instead.
 */
export function autosave(store, job, etag, { shown, conflict, saved }, signal) {
  const texts = new WeakMap(); // a segment as JSON; segments never change, so this is made once
  let [clean, current] = [store.document, etag];
  let [timer, failures, running] = [0, 0, null];

  // In slices: to write out four hours at once would hold up the typing.
  async function written(document) {
    let began = performance.now();
    for (const one of document.segments) {
      if (texts.has(one)) continue;
      texts.set(one, JSON.stringify({ start: one.start, end: one.end, text: one.text, speaker: one.speaker, words: one.words }));
      if (performance.now() - began < SLICE) continue;
      await pause(0);
      began = performance.now();
    }
  }

  async function body(document) {
    await written(document);
    const segments = document.segments.map((one) => texts.get(one));
    const gaps = document.gaps.map(({ start, end, reason }) => ({ start, end, reason }));
    return `{"segments":[${ordered(document, segments).join(",")}],"gaps":${JSON.stringify(gaps)}}`;
  }

  function plan(wait = SOON) {
    clearTimeout(timer);
    timer = setTimeout(() => { run(); }, wait);
  }

  function run() {
    clearTimeout(timer);
    running ??= once().finally(() => { running = null; if (clean !== store.document && !signal.aborted && !failures) plan(); });
    return running;
  }

  async function once() {
    const document = store.document;
    if (document === clean) return;
    shown("saving");
    try {
      current = await api.save(job, await body(document), current);
      [clean, failures] = [document, 0];
      shown(store.document === clean ? "saved" : "unsaved");
      saved();
    } catch (error) {
      await failed(error);
    }
  }

  async function failed(error) {
    if (error.status === 412) {
      shown("conflict");
      const over = await conflict(error.etag);
      if (over) {
        current = over;
        plan(0);
      }
    } else if (error.status && error.status < 500 && error.status !== 429) {
      failures++;
      shown("refused", error.message);
    } else {
      shown("offline", error.message);
      plan(WAIT[Math.min(failures++, WAIT.length - 1)]);
    }
  }

  written(store.document);
  store.listen((_, origin) => {
    if (origin === "loaded") return;
    failures = 0;
    shown(store.document === clean ? "saved" : "unsaved");
    plan();
  });
  addEventListener("beforeunload", (event) => { if (store.document !== clean) event.preventDefault(); }, { signal });
  addEventListener("online", () => { if (store.document !== clean) plan(0); }, { signal });
  document.addEventListener("key-given", () => { if (store.document !== clean) plan(0); }, { signal });
  signal.addEventListener("abort", run, { once: true });
  document.addEventListener("visibilitychange", () => { if (document.hidden && store.document !== clean) run(); }, { signal });

  return {
    /** Everything is on the server when this has come back without an error. */
    now: async () => { while (store.document !== clean && !signal.aborted) { await run(); if (failures) return; } },
    get etag() { return current; },
    get base() { return clean; },
    get dirty() { return store.document !== clean; },
    /** The document is what the server has as `etag`. */
    settled(document, etag) {
      [clean, current] = [document, etag];
      shown(store.document === clean ? "saved" : "unsaved");
    },
  };
}

// The server wants the order of time; a segment that was moved over its neighbour keeps its row until then.
function ordered(document, texts) {
  const order = document.segments.map((_, index) => index);
  order.sort((a, b) => document.segments[a].start - document.segments[b].start || a - b);
  return order.map((index) => texts[index]);
}
