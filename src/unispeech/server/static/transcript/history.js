// Undo and redo without limit: two linked lists of edits, so that a step costs the same however
// many there are. Pure: every function gives a new history.

import { inverse } from "./edits.js";

export const EMPTY = { past: null, future: null };

/** One edit more. Typing in one segment without a pause is one step: give it the same `burst`. */
export function record(history, edit, burst = null) {
  const last = history.past;
  if (burst && last?.burst === burst && edit.length === 1 && last.edit.length === 1) {
    const joined = [{ ...edit[0], out: last.edit[0].out }];
    return { past: { edit: joined, burst, before: last.before }, future: null };
  }
  return { past: { edit, burst, before: last }, future: null };
}

/** {history, edit}: the edit that takes the last step back; null where there is none. */
export function undo(history) {
  const last = history.past;
  if (!last) return null;
  const future = { edit: last.edit, after: history.future };
  return { history: { past: last.before, future }, edit: inverse(last.edit) };
}

export function redo(history) {
  const next = history.future;
  if (!next) return null;
  const past = { edit: next.edit, burst: null, before: history.past };
  return { history: { past, future: next.after }, edit: next.edit };
}
