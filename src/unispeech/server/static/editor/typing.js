// Typing in the rows: each text is a plain editable element, and the store follows every input.

/** @import { Segment } from "../transcript/document.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { around, selection } from "../dom.js";
import { hidden, shown } from "../transcript/document.js";
import { setText } from "../transcript/edits.js";
import { wordAt } from "../transcript/words.js";
import { caretIn, caretOnLine, letterAt, lettersToCaret, putCaret, textNode } from "./caret.js";

/**
 * Listen to the rows of a view.
 * @param {TranscriptView} view
 * @param {{ store: Store, player: Player, run: (command: string, row: SegmentRow | null) => void }} page
 */
export function typing(view, { store, player, run }) {
  const { element } = view;
  /** @param {Event} event */
  const rowOf = (event) => view.row(around(event, ".segment"));
  /** @param {Event} event */
  const rowOfText = (event) => {
    const row = rowOf(event);
    return row?.text === event.target ? row : null;
  };
  /** @param {SegmentRow} row */
  const segmentOf = (row) => store.document.segments[view.index(row)];

  element.addEventListener("beforeinput", (event) => {
    if (!event.inputType.startsWith("history")) return;
    event.preventDefault();
    run(event.inputType === "historyUndo" ? "undo" : "redo", rowOf(event));
  });

  element.addEventListener("input", (event) => {
    const row = rowOfText(event);
    if (!row) return;
    const isComposing = event instanceof InputEvent && event.isComposing;
    if (!isComposing) makePlain(row);
    player.pause();
    const text = row.text.textContent.trim();
    store.type(setText(store.document, view.index(row), text), row.segment.key, isComposing);
  });

  element.addEventListener("focusout", (event) => {
    const row = rowOfText(event);
    const segment = row && segmentOf(row);
    if (!segment) return;
    if (row.text.textContent !== shown(segment)) row.text.textContent = shown(segment);
    row.update(segment);
  });

  element.addEventListener("keydown", (event) => {
    const row = rowOfText(event);
    if (!row || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const command = commandOfKey(event, row);
    if (!command) return;
    event.preventDefault();
    run(command, row);
  });

  element.addEventListener("click", (event) => {
    const row = rowOf(event);
    const isInText = event.target instanceof Node && row?.text.contains(event.target);
    if (!row || !isInText || !selection().isCollapsed || event.shiftKey) return;
    const segment = segmentOf(row);
    const letter = letterAt(row, segment, event);
    if (letter !== null) player.playFrom(timeAt(segment, letter));
  });
}

/**
 * Time of a character of a segment's whole text.
 * @param {Segment} segment
 * @param {number} letter
 */
export function timeAt(segment, letter) {
  const { words, start, end } = segment;
  if (words.length) return words[wordAt(words, letter)].start;
  const share = (letter - hidden(segment)) / Math.max(1, shown(segment).length);
  return start + (end - start) * Math.min(1, Math.max(0, share));
}

/**
 * Command of a key without Alt or Ctrl at the caret.
 * @param {KeyboardEvent} event
 * @param {SegmentRow} row
 */
function commandOfKey({ key, shiftKey }, row) {
  const caret = caretIn(row) ?? 0;
  const isStart = caret === 0;
  const isEnd = caret >= row.text.textContent.trim().length;
  const isAlone = selection().isCollapsed;
  if (key === "Enter") return isStart || isEnd ? "nothing" : "split";
  if (key === "Backspace" && isAlone && isStart) return "mergeBack";
  if (key === "Delete" && isAlone && isEnd) return "mergeOn";
  if (shiftKey) return null;
  if (key === "ArrowUp" && caretOnLine(row, "first")) return "previous";
  if (key === "ArrowDown" && caretOnLine(row, "last")) return "next";
  return null;
}

/**
 * Join pasted lines and remove elements that the browser inserted, such as the <br> in an emptied text.
 * @param {SegmentRow} row
 */
function makePlain(row) {
  const { text } = row;
  const isPlain =
    text.childNodes.length === 0 || (text.firstChild === text.lastChild && textNode(text));
  if (isPlain && !/[\n\r]/.test(text.textContent)) return;
  const caret = lettersToCaret(text);
  // biome-ignore lint/performance/useDomNodeTextContent: lines that are elements count as lines
  const joined = text.innerText.replace(/\s*[\n\r]+\s*/g, " ");
  text.textContent = joined.trim() && joined;
  putCaret(row, caret);
}
