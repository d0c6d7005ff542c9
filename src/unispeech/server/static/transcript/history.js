// Unlimited undo and redo: two linked lists of edits, so that every step takes constant time. Pure functions:
// each returns a new history.

/** @import { Edit } from "./document.js" */

import { inverse } from "./document.js";

/**
 * @typedef {{ edit: Edit, burst: symbol | string | null, before: Past | null }} Past
 * @typedef {{ edit: Edit, after: Future | null }} Future
 * @typedef {{ past: Past | null, future: Future | null }} History
 * @typedef {{ history: History, edit: Edit }} Step the next history, and the edit that leads to it
 */

/** @type {History} */
export const EMPTY = { past: null, future: null };

/**
 * Add an edit. Consecutive edits with the same `burst` (typing without a pause) are one step.
 * @param {History} history
 * @param {Edit} edit
 * @param {symbol | string | null} [burst]
 * @returns {History}
 */
export function record(history, edit, burst = null) {
  const last = history.past;
  if (burst && last?.burst === burst && edit.length === 1 && last.edit.length === 1) {
    const [before, after] = [last.edit[0], edit[0]];
    if (before.list !== "gaps" && after.list !== "gaps") {
      const joined = [{ ...after, out: before.out }];
      return { past: { edit: joined, burst, before: last.before }, future: null };
    }
  }
  return { past: { edit, burst, before: last }, future: null };
}

/**
 * Undo the last step; null if there is none.
 * @param {History} history
 * @returns {Step | null}
 */
export function undo(history) {
  const last = history.past;
  if (!last) return null;
  const future = { edit: last.edit, after: history.future };
  return { history: { past: last.before, future }, edit: inverse(last.edit) };
}

/**
 * @param {History} history
 * @returns {Step | null}
 */
export function redo(history) {
  const next = history.future;
  if (!next) return null;
  const past = { edit: next.edit, burst: null, before: history.past };
  return { history: { past, future: next.after }, edit: next.edit };
}
