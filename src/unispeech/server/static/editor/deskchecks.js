// Tab of the places to check: doubtful words in grades with the progress, and the problems of subtitles.

/** @import { Doubt } from "./doubts.js" */
/** @import { Navigation } from "./navigation.js" */
/** @import { SubtitleProblems } from "./problems.js" */
/** @import { Seen } from "./seen.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { h, put } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { doubts, GRADES, shownGrade } from "./doubts.js";
import { shownKeys } from "./keytable.js";

const MOST = 100; // listed places of each kind

export class CheckTab {
  name = "checks";
  #progress = h("progress", { max: "1", "aria-label": t("checks.progress") });
  #count = h("p", { class: "soft small number" });
  #words = h("ul", { class: "places" });
  #problems = h("ul", { class: "places" });
  #page;

  /**
   * @param {{
   *   store: Store, view: TranscriptView, navigation: Navigation, problems: SubtitleProblems, seen: Seen,
   *   changed: () => void,
   * }} page `changed` is called when other words are to be marked
   */
  constructor(page) {
    this.#page = page;
    /** @type {(command: string, kind?: string) => HTMLElement} */
    const button = (command, kind) =>
      h(
        "button",
        { type: "button", class: kind, data: { command }, title: shownKeys(command) },
        t(`checks.${command}`),
      );
    const grade = h(
      "select",
      { id: "checks-grade" },
      GRADES.map((value) =>
        h(
          "option",
          { value: String(value), selected: value === shownGrade() },
          t(`checks.grade.${value}`),
        ),
      ),
    );
    grade.addEventListener("change", () => {
      settings.set("doubt.grade", Number(grade.value));
      page.changed();
      this.draw();
    });
    this.element = h(
      "div",
      { class: "desk-checks" },
      this.#progress,
      this.#count,
      h("div", { class: "row" }, button("doubt", "main"), button("right")),
      h("div", { class: "field" }, h("label", { for: "checks-grade" }, t("checks.grade")), grade),
      h("h2", {}, t("checks.words")),
      this.#words,
      h("h2", {}, t("checks.problems")),
      this.#problems,
    );
  }

  draw = () => {
    const { store, seen, problems, view } = this.#page;
    const { segments } = store.document;
    const progress = seen.progress(store.document);
    this.#progress.value = progress.all ? progress.seen / progress.all : 1;
    this.#count.textContent = t("checks.seen", progress);
    const all = doubts(store.document);
    fill(
      this.#words,
      all.slice(0, MOST).map((doubt) => this.#place(doubt)),
      all.length,
      "doubt.none",
    );
    const faults = problems.all();
    const rows = faults
      .slice(0, MOST)
      .map(({ index, text }) =>
        entry(clock(segments[index].start), text, () => view.focus(index, 0)),
      );
    fill(this.#problems, rows, faults.length, "checks.problems.none");
  };

  /** @param {Doubt} doubt */
  #place(doubt) {
    const { store, seen, navigation } = this.#page;
    const { segments } = store.document;
    const text =
      "gap" in doubt ? t("checks.gap") : segments[doubt.segment].words[doubt.word].word.trim();
    const item = entry(clock(doubt.time), text, () => navigation.visit(doubt));
    item.classList.toggle("seen", seen.has(doubt));
    if ("grade" in doubt) item.dataset.grade = String(doubt.grade);
    if (seen.has(doubt))
      put(item.firstElementChild ?? item, "aria-description", t("checks.isseen"));
    return item;
  }
}

/**
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 * @param {number} count
 * @param {string} none key of the text for an empty list
 */
function fill(list, items, count, none) {
  const rest = count - items.length;
  const note = count ? (rest > 0 ? t("checks.more", { count: rest }) : "") : t(none);
  list.replaceChildren(...items, ...(note ? [h("li", { class: "soft small" }, note)] : []));
}

/** @type {(time: string, text: string, go: () => void) => HTMLElement} */
export function entry(time, text, go) {
  const button = { type: "button", class: "bare place", on: { click: go } };
  return h("li", {}, h("button", button, h("time", {}, time), h("span", { dir: "auto" }, text)));
}
