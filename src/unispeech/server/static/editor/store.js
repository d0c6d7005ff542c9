// The transcript that is open: the one owner of the document and of its history.

import { apply } from "../transcript/edits.js";
import * as steps from "../transcript/history.js";

const PAUSE = 1500; // milliseconds without typing that end a step of undo

/** Listeners are called with (edit, origin) after every change: origin is "typed", "done", "undo" or "loaded". */
export function openStore(document) {
  let history = steps.EMPTY;
  let burst = null;
  const listeners = new Set();

  function set(edit, origin) {
    store.document = apply(store.document, edit);
    for (const listener of listeners) listener(edit, origin);
  }

  const store = {
    document,
    listen: (listener) => listeners.add(listener),
    get canUndo() {
      return history.past !== null;
    },
    get canRedo() {
      return history.future !== null;
    },

    /** Does an edit; an empty one is nothing. False where there was nothing to do. */
    change(edit, origin = "done") {
      if (!edit.length) return false;
      burst = null;
      history = steps.record(history, edit);
      set(edit, origin);
      return true;
    },

    /** Text as it is typed: one step of undo as long as there is no pause. */
    type(edit, key) {
      const now = performance.now();
      if (burst?.key !== key || now - burst.at > PAUSE) burst = { key, name: Symbol("burst") };
      burst.at = now;
      history = steps.record(history, edit, burst.name);
      set(edit, "typed");
    },

    undo: () => step(steps.undo(history)),
    redo: () => step(steps.redo(history)),
  };

  function step(taken) {
    if (!taken) return false;
    burst = null;
    history = taken.history;
    set(taken.edit, "undo");
    return true;
  }

  return store;
}
