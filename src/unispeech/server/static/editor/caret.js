// The caret in the text of a row, in characters of the shown text.

/** @import { Segment } from "../transcript/document.js" */

import { selection } from "../dom.js";
import { hidden } from "../transcript/document.js";

/** @typedef {{ text: HTMLElement }} TextRow row with an editable text */

/**
 * The only text node of an element with plain text.
 * @param {HTMLElement} element
 */
export function textNode({ firstChild }) {
  return firstChild instanceof Text ? firstChild : null;
}

/**
 * Offset of the caret; null if it is not in this row.
 * @param {TextRow} row
 */
export function caretIn({ text }) {
  const { rangeCount, focusNode, focusOffset } = selection();
  if (!rangeCount || !text.contains(focusNode)) return null;
  const node = textNode(text);
  if (!node || focusNode !== node) return 0;
  return Math.max(0, focusOffset - hidden({ text: node.data }));
}

/**
 * @param {TextRow} row
 * @param {number} offset
 */
export function putCaret({ text }, offset) {
  text.focus({ preventScroll: true });
  const node = textNode(text);
  if (node) selection().collapse(node, Math.max(0, Math.min(offset, node.data.length)));
}

/**
 * Number of characters from the start of an element to the caret, across nodes.
 * @param {HTMLElement} element
 */
export function lettersToCaret(element) {
  const range = selection().getRangeAt(0).cloneRange();
  range.setStart(element, 0);
  return range.toString().length;
}

/**
 * True if the caret is on the first (or last) line of a row.
 * @param {TextRow} row
 * @param {"first" | "last"} line
 */
export function caretOnLine({ text }, line) {
  const selected = selection();
  if (!selected.rangeCount) return true;
  const box = text.getBoundingClientRect();
  const caret = selected.getRangeAt(0).getClientRects()[0] ?? box;
  const slack = Number.parseFloat(getComputedStyle(text).lineHeight) * 0.8;
  return line === "first" ? caret.top < box.top + slack : caret.bottom > box.bottom - slack;
}

/**
 * Offset in the segment's whole text under a pointer, or null.
 * @param {TextRow} row
 * @param {Segment} segment
 * @param {MouseEvent} event
 */
export function letterAt({ text }, segment, { clientX, clientY }) {
  const node = textNode(text);
  const place = placeAt(clientX, clientY);
  if (!node || place?.node !== node) return null;
  return place.offset - hidden({ text: node.data }) + hidden(segment);
}

/** @type {(x: number, y: number) => { node: Node, offset: number } | null} */
function placeAt(x, y) {
  const position = document.caretPositionFromPoint?.(x, y);
  if (position) return { node: position.offsetNode, offset: position.offset };
  const range = document.caretRangeFromPoint?.(x, y); // Safari
  return range && { node: range.startContainer, offset: range.startOffset };
}
