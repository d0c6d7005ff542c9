// Typing in the rows: each text is a plain editable text of its own, and the store knows every letter.

import { hidden, setText, shown } from "../transcript/edits.js";
import { wordAt } from "../transcript/words.js";
import { caretIn, letterAt, putCaret } from "./rows.js";

/** Listens in `container`. `page` gives row(element), index(row), store, player, focus(index, caret), run(command, row). */
export function typing(container, page) {
  const rowOf = (event) => page.row(event.target.closest?.(".segment"));

  container.addEventListener("beforeinput", (event) => {
    if (!event.inputType.startsWith("history")) return;
    event.preventDefault();
    page.run(event.inputType === "historyUndo" ? "undo" : "redo", rowOf(event));
  });

  container.addEventListener("input", (event) => {
    const row = rowOf(event);
    if (!row || !event.target.classList.contains("text")) return;
    if (!event.isComposing) plain(row);
    page.player.pause();
    page.store.type(
      setText(page.store.document, page.index(row), row.text.textContent.trim()),
      row.key,
    );
  });

  container.addEventListener("focusout", (event) => {
    const row = rowOf(event);
    if (!row?.text || event.target !== row.text) return;
    const segment = page.store.document.segments[page.index(row)];
    if (segment && row.text.textContent !== shown(segment)) row.text.textContent = shown(segment);
    if (segment) row.update(segment);
  });

  container.addEventListener("keydown", (event) => {
    const row = rowOf(event);
    if (!row?.text || event.target !== row.text || event.isComposing) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const command = meant(event, row);
    if (!command) return;
    event.preventDefault();
    page.run(command, row);
  });

  container.addEventListener("click", (event) => {
    const row = rowOf(event);
    if (!row?.text?.contains(event.target) || !getSelection().isCollapsed || event.shiftKey) return;
    const segment = page.store.document.segments[page.index(row)];
    const letter = letterAt(row, segment, event.clientX, event.clientY);
    if (letter !== null) page.player.playFrom(timeAt(segment, letter));
  });
}

/** When the letter of a segment's whole text is said. */
export function timeAt(segment, letter) {
  if (segment.words.length) return segment.words[wordAt(segment.words, letter)].start;
  const share = (letter - hidden(segment)) / Math.max(1, shown(segment).length);
  return segment.start + (segment.end - segment.start) * Math.min(1, Math.max(0, share));
}

// What a key without Alt or Ctrl means at this place of the text.
function meant(event, row) {
  const caret = caretIn(row);
  const length = row.text.textContent.trim().length;
  const alone = getSelection().isCollapsed;
  if (event.key === "Enter") return caret === 0 || caret >= length ? "nothing" : "split";
  if (event.key === "Backspace" && alone && caret === 0) return "mergeBack";
  if (event.key === "Delete" && alone && caret >= length) return "mergeOn";
  if (event.shiftKey) return null;
  if (event.key === "ArrowUp" && onLine(row, "first")) return "previous";
  if (event.key === "ArrowDown" && onLine(row, "last")) return "next";
  return null;
}

function onLine(row, which) {
  const selection = getSelection();
  if (!selection.rangeCount) return true;
  const range = selection.getRangeAt(0).cloneRange();
  const caret = range.getClientRects()[0] ?? row.text.getBoundingClientRect();
  const text = row.text.getBoundingClientRect();
  const line = parseFloat(getComputedStyle(row.text).lineHeight);
  return which === "first"
    ? caret.top < text.top + line * 0.8
    : caret.bottom > text.bottom - line * 0.8;
}

// Pasted lines are one line; what a browser put in beside text goes.
function plain(row) {
  const { text } = row;
  if (text.childNodes.length <= 1 && !/[\n\r]/.test(text.textContent)) return;
  const caret = caretOver(text);
  // biome-ignore lint/performance/useDomNodeTextContent: lines that are elements count as lines
  text.textContent = text.innerText.replace(/\s*[\n\r]+\s*/g, " ");
  putCaret(row, caret);
}

function caretOver(text) {
  const range = getSelection().getRangeAt(0).cloneRange();
  range.setStart(text, 0);
  return range.toString().length;
}
