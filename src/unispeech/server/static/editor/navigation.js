// Navigation to doubtful places and to the changes of undo and redo.

/** @import { Edit, SegmentSplice } from "../transcript/document.js" */
/** @import { Doubt, Position } from "./doubts.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { selection } from "../dom.js";
import { whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { shown } from "../transcript/document.js";
import { caretIn, textNode } from "./caret.js";
import { doubtAfter, doubtBefore, doubts, positionOf } from "./doubts.js";
import { SegmentRow as Row } from "./rows.js";

export class Navigation {
  /** @type {Position | null} */
  #visited = null; // the last visited doubt, until the focus moves elsewhere
  /** @type {Edit} */
  #lastEdit = [];
  #store;
  #player;
  #view;

  /**
   * @param {Store} store
   * @param {Player} player
   * @param {TranscriptView} view
   */
  constructor(store, player, view) {
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
    if (doubt) this.#show(doubt);
    else whisper(t("doubt.none"));
    this.#visited = doubt ? positionOf(doubt) : null; // the focus may move from the text to the "next" button
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
    this.#player.seek(doubt.time);
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
