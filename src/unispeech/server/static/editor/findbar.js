// Find and replace over all segments; the browser's own search sees only the rows near the screen.

/** @import { Match } from "../transcript/find.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { h, iconButton, put, selection } from "../dom.js";
import { t } from "../strings/index.js";
import { hidden } from "../transcript/document.js";
import { matches, pattern, replaced } from "../transcript/find.js";

export class FindBar {
  #query = field("search", "find.query");
  #replacement = field("text", "find.with");
  #count = h("span", { class: "soft small number count", role: "status" });
  #matchCase = toggle("Aa", "find.case", () => this.#search(true));
  #wholeWord = toggle("|ab|", "find.word", () => this.#search(true));
  #replacing = h(
    "div",
    { class: "row replacing" },
    this.#replacement,
    h("button", { type: "button", on: { click: () => this.#replaceOne() } }, t("find.one")),
    h("button", { type: "button", on: { click: () => this.#replaceAll() } }, t("find.all")),
  );
  /** @type {Match[]} */
  #matches = [];
  /** @type {Map<number, Match[]>} */
  #bySegment = new Map();
  #here = -1; // index of the current match
  /** @type {Element | null} */
  #before = null; // the element with the focus before
  #store;
  #view;

  /**
   * @param {Store} store
   * @param {TranscriptView} view
   */
  constructor(store, view, { readOnly = false } = {}) {
    this.#store = store;
    this.#view = view;
    const row = h(
      "div",
      { class: "row" },
      this.#query,
      this.#matchCase,
      this.#wholeWord,
      this.#count,
      iconButton("up", t("find.previous"), { on: { click: () => this.#step(-1) } }),
      iconButton("down", t("find.next"), { on: { click: () => this.#step(1) } }),
    );
    const listeners = {
      /** @param {Event} event */
      submit: (event) => event.preventDefault(),
      /** @param {KeyboardEvent} event */
      keydown: (event) => this.#press(event),
    };
    this.element = h(
      "form",
      { class: "findbar", role: "search", hidden: true, on: listeners },
      row,
      readOnly ? null : this.#replacing,
      iconButton("close", t("close"), { on: { click: () => this.#close() } }),
    );
    this.#query.addEventListener("input", () => this.#search(true));
    view.onMark((marked, index) => {
      if (!this.element.hidden) this.#mark(marked, index);
    });
    store.listen(() => {
      if (!this.element.hidden) this.#search(false);
    });
  }

  /** @param {boolean} withReplace */
  open(withReplace) {
    if (this.element.hidden) this.#before = document.activeElement;
    const selected = String(selection());
    this.element.hidden = false;
    if (selected && !selected.includes("\n")) this.#query.value = selected;
    this.#replacing.classList.toggle("unfolded", withReplace);
    const target = withReplace && this.#query.value && selected ? this.#replacement : this.#query;
    target.focus();
    target.select();
    this.#search(true);
  }

  #close() {
    this.element.hidden = true;
    this.#search(false);
    if (this.#before instanceof HTMLElement) this.#before.focus();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#close();
    }
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    if (event.target === this.#replacement) this.#replaceOne();
    else this.#step(event.shiftKey ? -1 : 1);
  }

  /** @param {boolean} jump to the first match at or after the player position */
  #search(jump) {
    const isOn = (/** @type {Element} */ button) => button.ariaPressed === "true";
    const options = { matchCase: isOn(this.#matchCase), wholeWord: isOn(this.#wholeWord) };
    const query = this.element.hidden ? null : pattern(this.#query.value, options);
    this.#matches = matches(this.#store.document, query);
    this.#bySegment = Map.groupBy(this.#matches, ({ at }) => at);
    this.#here = Math.min(Math.max(0, this.#here), this.#matches.length - 1);
    if (jump && this.#matches.length) {
      const next = this.#matches.findIndex(({ at }) => at >= this.#view.speaking);
      this.#here = Math.max(0, next);
    }
    this.#show(jump);
  }

  /** @param {boolean} jump */
  #show(jump) {
    const count = this.#matches.length;
    const result = count ? t("find.count", { at: this.#here + 1, count }) : t("find.none");
    this.#count.textContent = this.#query.value ? result : "";
    if (jump && count) this.#view.reveal(this.#matches[this.#here].at);
    for (const row of this.#view.rows()) this.#mark(row, this.#view.index(row));
  }

  /**
   * @param {SegmentRow} row
   * @param {number} index
   */
  #mark({ marks, segment }, index) {
    const shift = hidden(segment);
    /** @type {(match: Match) => [number, number]} */
    const span = ({ from, to }) => [from + shift, to + shift];
    const here = this.#matches[this.#here];
    marks.set("found", segment, (this.#bySegment.get(index) ?? []).map(span));
    marks.set("found-here", segment, here?.at === index ? [span(here)] : []);
  }

  /** @param {number} by */
  #step(by) {
    const count = this.#matches.length;
    if (!count) return;
    this.#here = (this.#here + by + count) % count;
    this.#show(true);
  }

  /** Replace the current match and go to the next one after the replacement, which may match itself. */
  #replaceOne() {
    const match = this.#matches[this.#here];
    if (!match) return this.#step(1);
    this.#replace([match]);
    const end = match.from + this.#replacement.value.length;
    this.#here = this.#matches.findIndex(
      ({ at, from }) => at > match.at || (at === match.at && from >= end),
    );
    this.#show(this.#here >= 0);
    if (this.#here < 0) this.#count.textContent = t("find.end");
  }

  #replaceAll() {
    const count = this.#matches.length;
    if (this.#replace(this.#matches)) this.#count.textContent = t("find.replaced", { count });
  }

  /** @param {Match[]} list */
  #replace(list) {
    return this.#store.change(replaced(this.#store.document, list, this.#replacement.value));
  }
}

/** @type {(type: string, label: string) => HTMLInputElement} */
function field(type, label) {
  return h("input", { type, "aria-label": t(label), placeholder: t(label), dir: "auto" });
}

/**
 * @param {string} text
 * @param {string} label
 * @param {() => void} changed
 */
function toggle(text, label, changed) {
  const button = h(
    "button",
    {
      type: "button",
      class: "icon",
      "aria-pressed": "false",
      "aria-label": t(label),
      title: t(label),
    },
    text,
  );
  button.addEventListener("click", () => {
    put(button, "aria-pressed", button.ariaPressed === "true" ? "false" : "true");
    changed();
  });
  return button;
}
