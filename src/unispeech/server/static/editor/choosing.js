// Several rows chosen at once: by dragging from one row into another, with Ctrl or Shift and a click, or with
// the keyboard. The bar above the text says how many, and what to do with them.

/** @import { Store } from "./store.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { around, h, iconButton, selection } from "../dom.js";
import { whisper } from "../messages.js";
import { t } from "../strings/index.js";

/** @typedef {(command: string, button: HTMLElement) => void} Run */

export class Choosing {
  #count = h("strong", {});
  /** @type {Set<number>} */
  #keys = new Set(); // of the chosen segments
  #anchor = -1; // index from which a range is chosen
  #end = -1;
  #store;
  #view;

  /**
   * @param {Store} store
   * @param {TranscriptView} view
   * @param {Run} run
   */
  constructor(store, view, run) {
    this.#store = store;
    this.#view = view;
    /** @type {(command: string) => HTMLElement} */
    const button = (command) => {
      /** @returns {void} */
      const click = () => run(command, element);
      const element = h("button", { type: "button", on: { click } }, t(`chosen.${command}`));
      return element;
    };
    const close = iconButton("close", t("close"), { on: { click: () => this.clear() } });
    this.element = h(
      "div",
      { class: "chosen-bar row", role: "toolbar", "aria-label": t("chosen.title"), hidden: true },
      this.#count,
      ...["speakers", "quote", "join", "removeAll"].map(button),
      close,
    );
    store.listen(() => this.#forgetRemoved());
    this.#listen();
  }

  /** Indices of the chosen segments in order. */
  get indices() {
    return this.#store.document.segments.flatMap(({ key }, at) =>
      this.#keys.has(key) ? [at] : [],
    );
  }

  clear() {
    if (!this.#keys.size) return false;
    const first = this.indices[0] ?? 0;
    const had = this.element.contains(document.activeElement);
    this.#set([]);
    if (had) this.#view.focus(first, 0);
    return true;
  }

  /**
   * Extend the choice from the row with the focus, or from the last end, by a row.
   * @param {SegmentRow | null} row
   * @param {number} by
   */
  extend(row, by) {
    if (!this.#keys.size) {
      this.#anchor = this.#end = row ? this.#view.index(row) : this.#view.speaking;
      if (this.#anchor < 0) return;
      this.#setRange(this.#anchor, this.#anchor);
    } else this.#setRange(this.#anchor, this.#end + by);
    this.#view.reveal(this.#end);
  }

  /**
   * Mark a row that has come into view.
   * @param {SegmentRow} row
   */
  mark({ element, segment }) {
    element.classList.toggle("chosen", this.#keys.has(segment.key));
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  #setRange(from, to) {
    const { segments } = this.#store.document;
    this.#end = Math.max(0, Math.min(segments.length - 1, to));
    const [low, high] = [Math.min(from, this.#end), Math.max(from, this.#end)];
    this.#set(segments.slice(low, high + 1).map(({ key }) => key));
  }

  /** @param {Iterable<number>} keys */
  #set(keys) {
    const before = this.#keys.size;
    this.#keys = new Set(keys);
    const count = this.#keys.size;
    this.element.hidden = !count;
    this.#count.textContent = t("chosen.count", { count });
    if (count && count !== before) whisper(t("chosen.count", { count }));
    for (const row of this.#view.rows()) this.mark(row);
    const { activeElement } = document;
    if (!count || !(activeElement instanceof HTMLElement) || !activeElement.isContentEditable)
      return;
    activeElement.blur(); // digits now choose a speaker
    selection().removeAllRanges();
  }

  #forgetRemoved() {
    if (!this.#keys.size) return;
    const kept = this.#store.document.segments.filter(({ key }) => this.#keys.has(key));
    if (kept.length !== this.#keys.size) this.#set(kept.map(({ key }) => key));
  }

  #listen() {
    const { element } = this.#view;
    /** @param {Event} event */
    const indexOf = (event) => this.#view.index(this.#view.row(around(event, ".segment")));
    let from = -1;
    element.addEventListener("pointerdown", (event) => {
      const index = indexOf(event);
      const isPlain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
      from = isPlain && event.button === 0 && event.pointerType === "mouse" ? index : -1;
      if (index < 0 || around(event, "button")) return;
      if (isPlain) this.#set([]);
      else this.#choose(event, index);
    });
    element.addEventListener("pointermove", (event) => {
      if (from < 0 || !(event.buttons & 1)) return;
      const index = indexOf(event);
      if (index < 0 || (index === from && !this.#keys.size)) return;
      this.#anchor = from;
      this.#setRange(from, index);
    });
  }

  /**
   * Toggle a row (Ctrl), or choose up to it (Shift) unless the caret is in it.
   * @param {PointerEvent} event
   * @param {number} index
   */
  #choose(event, index) {
    const focused = this.#view.index(
      this.#view.row(document.activeElement?.closest(".segment") ?? null),
    );
    if (event.shiftKey && focused === index && !this.#keys.size) return; // selects text
    event.preventDefault();
    if (event.shiftKey) {
      if (!this.#keys.size)
        this.#anchor = Math.max(0, focused >= 0 ? focused : this.#view.speaking);
      return this.#setRange(this.#anchor, index);
    }
    const { key } = this.#store.document.segments[index];
    const keys = new Set(this.#keys);
    if (!keys.delete(key)) keys.add(key);
    this.#anchor = this.#end = index;
    this.#set(keys);
  }
}
