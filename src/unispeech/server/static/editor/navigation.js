// Navigation to doubtful places and to the changes of undo and redo.

/** @import { Edit, SegmentSplice } from "../transcript/document.js" */
/** @import { Doubt, Position, WordDoubt } from "./doubts.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Seen } from "./seen.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { selection } from "../dom.js";
import { whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { shown } from "../transcript/document.js";
import { confirmWord } from "../transcript/edits.js";
import { caretIn, textNode } from "./caret.js";
import { doubtAfter, doubtBefore, doubts, positionOf } from "./doubts.js";
import { SegmentRow as Row } from "./rows.js";

const MARGIN = 1; // seconds played before and after a doubtful word

export class Navigation {
  /** @type {Position | null} */
  #visited = null; // the last visited doubt, until the focus moves elsewhere
  /** @type {WordDoubt | null} */
  #word = null; // the doubtful word shown last
  /** @type {Edit} */
  #lastEdit = [];
  #seen;
  #store;
  #player;
  #view;

  /**
   * @param {Store} store
   * @param {Player} player
   * @param {TranscriptView} view
   * @param {Seen} seen
   */
  constructor(store, player, view, seen) {
    this.#seen = seen;
    this.#store = store;
    this.#player = player;
    this.#view = view;
    store.listen((edit) => {
      this.#lastEdit = edit;
    });
    view.element.addEventListener("focusin", () => {
      this.#visited = null;
    });
  }

  /**
   * Go to the next (or previous) doubt from a row, or from the last visited doubt.
   * @param {SegmentRow | null} row
   * @param {"next" | "previous"} direction
   */
  goToDoubt(row, direction) {
    const all = doubts(this.#store.document);
    const from = (row ? null : this.#visited) ?? this.#position(row);
    const doubt = direction === "next" ? doubtAfter(all, from) : doubtBefore(all, from);
    if (doubt) this.visit(doubt);
    else whisper(t("doubt.none"));
  }

  /**
   * Show a doubt and play it from a second before.
   * @param {Doubt} doubt
   */
  visit(doubt) {
    this.#seen.add(doubt);
    this.#show(doubt);
    this.#word = "word" in doubt ? doubt : null;
    this.#visited = positionOf(doubt); // the focus may move from the text to the "next" button
    const after = "word" in doubt ? MARGIN : 0;
    this.#player.playFrom(Math.max(0, doubt.time - MARGIN), doubt.end + after);
  }

  /** Mark the doubtful word shown last as right, and go to the next. */
  confirm() {
    const { document } = this.#store;
    const shown = this.#word;
    // Found again, since its index changes with the words before it.
    const word = shown && wordDoubts(document).find((doubt) => alike(doubt, shown));
    if (!word) return this.goToDoubt(null, "next");
    this.#store.change(confirmWord(document, word.segment, word.word));
    this.#visited = positionOf(word);
    this.goToDoubt(null, "next");
  }

  /**
   * @param {SegmentRow | null} row
   * @returns {Position}
   */
  #position(row) {
    const index = row ? this.#view.index(row) : this.#view.speaking;
    const caret = row ? (caretIn(row) ?? 0) : 0;
    const selected = row ? String(selection()).length : 0;
    return [Math.max(0, index), caret - selected, caret];
  }

  /** @param {Doubt} doubt */
  #show(doubt) {
    if ("gap" in doubt) {
      /** @type {HTMLElement | null | undefined} */
      const again = this.#view.revealGap(doubt.gap)?.element.querySelector("[data-do='again']");
      again?.focus();
      return;
    }
    this.#view.focus(doubt.segment, doubt.from);
    const row = this.#view.reveal(doubt.segment);
    const node = row instanceof Row ? textNode(row.text) : null;
    if (node) {
      const end = Math.min(doubt.to, node.data.length);
      selection().setBaseAndExtent(node, doubt.from, node, end);
    }
    whisper(t("doubt.word", { word: String(selection()) }));
  }

  /** Put the caret at the last change. */
  showChange() {
    const splice = this.#lastEdit.find((splice) => splice.list !== "gaps");
    const { length } = this.#store.document.segments;
    if (!splice || !length) return;
    this.#view.focus(Math.min(splice.at, length - 1), firstChange(splice));
  }
}

/** @param {import("../transcript/document.js").TranscriptDocument} document */
const wordDoubts = (document) => doubts(document).filter((doubt) => "word" in doubt);

/** @type {(doubt: WordDoubt, other: WordDoubt) => boolean} */
const alike = (doubt, other) => doubt.segment === other.segment && doubt.time === other.time;

/**
 * Offset of the first character that an edit changes.
 * @param {SegmentSplice} splice
 */
function firstChange({ out, into }) {
  const [old, current] = [out, into].map(([segment]) => (segment ? shown(segment) : ""));
  let at = 0;
  while (at < current.length && current[at] === old[at]) at++;
  return at;
}
