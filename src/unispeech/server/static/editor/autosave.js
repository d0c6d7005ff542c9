// Saving by itself: soon after the last change, again after a lost connection, never over somebody else.

import * as api from "../api.js";
import { pause } from "../events.js";
import { changes, inOrder } from "../transcript/changes.js";

const SOON = 1200; // milliseconds after the last change
const SLICE = 8; // milliseconds of work without a pause
const WAIT = [2000, 5000, 10_000, 30_000];

/**
 * Saves what `store` holds as the transcript of a job. `shown(state, message)` is told: saved, unsaved,
 * saving, offline, conflict, refused. `conflict()` is called when somebody else has saved meanwhile; it gives
 * the ETag to save over, or null where what they saved was taken instead.
 */
export function autosave(store, job, etag, { shown, conflict, saved }, signal) {
  let [clean, current, there] = [store.document, etag, store.document.segments]; // `there`: what the server has, in its order
  let [timer, failures, running] = [0, 0, null];

  function plan(wait = SOON) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      run();
    }, wait);
  }

  function run() {
    clearTimeout(timer);
    running ??= once().finally(() => {
      running = null;
      if (clean !== store.document && !signal.aborted && !failures) plan();
    });
    return running;
  }

  async function once() {
    const document = store.document;
    if (document === clean) return;
    shown("saving");
    try {
      const after = inOrder(document.segments);
      const told = await body({ ...clean, segments: there }, document, after);
      if (told) current = await api.save(job, told, current);
      [clean, there, failures] = [document, after, 0];
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
      if (!over) return void failures++; // put off: asked again with the next change
      current = over;
      plan(0);
    } else if (error.status && error.status < 500 && error.status !== 429) {
      failures++;
      shown("refused", error.message);
    } else {
      shown("offline", error.message);
      plan(WAIT[Math.min(failures++, WAIT.length - 1)]);
    }
  }

  store.listen((_, origin) => {
    if (origin === "loaded") return;
    failures = 0;
    shown(store.document === clean ? "saved" : "unsaved");
    plan();
  });
  addEventListener(
    "beforeunload",
    (event) => {
      if (store.document !== clean) event.preventDefault();
    },
    { signal },
  );
  addEventListener(
    "online",
    () => {
      if (store.document !== clean) plan(0);
    },
    { signal },
  );
  document.addEventListener(
    "key-given",
    () => {
      if (store.document !== clean) plan(0);
    },
    { signal },
  );
  signal.addEventListener("abort", run, { once: true });
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.hidden && store.document !== clean) run();
    },
    { signal },
  );

  return {
    /** Everything is on the server when this has come back without an error. */
    now: async () => {
      while (store.document !== clean && !signal.aborted) {
        await run();
        if (failures) return;
      }
    },
    get etag() {
      return current;
    },
    get base() {
      return clean;
    },
    get dirty() {
      return store.document !== clean;
    },
    /** Makes `document` a version of its own, over `there`, which the server has as `etag`; its ETag. */
    async keep(there, document, etag) {
      const told = await body(there, document, inOrder(document.segments));
      return told ? api.save(job, told, etag) : etag;
    },
    /** The document is what the server has as `etag`. */
    settled(document, etag) {
      [clean, current, there] = [document, etag, document.segments];
      shown(store.document === clean ? "saved" : "unsaved");
    },
  };
}

// What makes the document that the server has another: only what is different, and in slices, for a word
// that is replaced everywhere may be most of four hours. Null where nothing is.
async function body(there, document, after) {
  const different = changes(there.segments, after);
  const gaps = toldGaps(document);
  if (!different.length && gaps === toldGaps(there)) return null;
  let began = performance.now();
  const written = [];
  for (const { at, remove, segments } of different) {
    const texts = [];
    for (const one of segments) {
      texts.push(
        JSON.stringify({
          start: one.start,
          end: one.end,
          text: one.text,
          speaker: one.speaker,
          words: one.words,
        }),
      );
      if (performance.now() - began < SLICE) continue;
      await pause(0);
      began = performance.now();
    }
    written.push(`{"at":${at},"remove":${remove},"segments":[${texts.join(",")}]}`);
  }
  return `{"changes":[${written.join(",")}],"gaps":${gaps}}`;
}

const toldGaps = ({ gaps }) =>
  JSON.stringify(gaps.map(({ start, end, reason }) => ({ start, end, reason })));
