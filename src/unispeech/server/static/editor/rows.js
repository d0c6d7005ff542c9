// Rows of a transcript: segments (time, speaker, text) and gaps (speech without text).

/** @import { Gap, Segment } from "../transcript/document.js" */

import { h, icon, iconButton, put } from "../dom.js";
import { t } from "../strings/index.js";
import { shown } from "../transcript/document.js";
import { clock } from "../transcript/times.js";
import { doubtfulWords, GRADES, shownGrade } from "./doubts.js";
import { Marks } from "./paint.js";

/**
 * Interface of the view to its rows.
 * @typedef {{
 *   readOnly: boolean,
 *   language: string,
 *   colour: (speaker: string) => number,
 *   speakerBefore: (segment: Segment) => string | null,
 *   problems: (segment: Segment) => string[],
 *   beside: () => import("./transcript.js").Beside | null,
 *   mark: (row: SegmentRow) => void,
 * }} RowPage
 */

const EDITABLE = {
  contenteditable: "plaintext-only",
  role: "textbox",
  "aria-multiline": "true",
  spellcheck: "true",
  autocapitalize: "off",
  tabindex: "-1", // the view lets Tab stop at one row
};
/** Pixels of the list from which a text stands beside and not below (styles/translation.css). */
const WIDE = 720;
const MENU = { type: "button", tabindex: "-1", "aria-haspopup": "menu" };

export class SegmentRow {
  #page;
  #time = h("button", { type: "button", class: "time", tabindex: "-1", data: { do: "play" } });
  #problems = h("ul", { class: "problems small" });
  #beside = h("p", { class: "beside", dir: "auto", hidden: true });

  /**
   * @param {Segment} segment
   * @param {RowPage} page
   */
  constructor(segment, page) {
    const { readOnly, language } = page;
    this.#page = page;
    this.segment = segment;
    this.speaker = readOnly
      ? h("span", { class: "speaker" })
      : h("button", { class: "speaker", data: { do: "speaker" }, ...MENU });
    this.text = h("div", { class: "text", dir: "auto", lang: language || null });
    if (!readOnly)
      for (const [name, value] of Object.entries(EDITABLE)) put(this.text, name, value);
    this.more = iconButton("more", "", { class: "icon bare more", data: { do: "menu" }, ...MENU });
    this.element = h(
      "div",
      { class: "segment", role: "listitem" },
      this.#time,
      this.speaker,
      h("div", { class: "body" }, this.text, this.#beside, this.#problems),
      readOnly ? null : this.more,
    );
    this.marks = new Marks(this.text);
    this.update(segment);
  }

  /** @param {Segment} segment */
  update(segment) {
    this.segment = segment;
    if (this.text.textContent.trim() !== shown(segment)) this.text.textContent = shown(segment);
    this.#labelTime();
    this.#nameSpeaker();
    const problems = this.#page.problems(segment);
    this.#problems.replaceChildren(...problems.map((problem) => h("li", {}, problem)));
    this.#problems.hidden = !problems.length;
    this.showBeside();
    this.#markDoubts();
    this.#page.mark(this);
  }

  /** Show the text beside the segment. */
  showBeside() {
    const beside = this.#page.beside();
    const text = beside?.textOf(this.segment) ?? "";
    if (this.#beside.textContent === text) return;
    this.#beside.textContent = text;
    this.#beside.hidden = !text;
    put(this.#beside, "lang", beside?.language || null);
  }

  #markDoubts() {
    const mildest = this.#page.readOnly ? 0 : shownGrade();
    const words = doubtfulWords(this.segment);
    for (const grade of GRADES) {
      const marked = words.filter((word) => word.grade === grade && grade <= mildest);
      this.marks.set(
        `doubt-${grade}`,
        this.segment,
        marked.map(({ from, to }) => [from, to]),
      );
    }
  }

  #labelTime() {
    const time = clock(this.segment.start);
    this.#time.textContent = time;
    put(this.#time, "aria-label", t("segment.play", { time }));
    if (this.#page.readOnly) return;
    const label = [time, this.segment.speaker, t("segment.text")].filter(Boolean).join(", ");
    put(this.text, "aria-label", label);
    put(this.more, "aria-label", t("segment.more", { time }));
  }

  #nameSpeaker() {
    const page = this.#page;
    const { speaker } = this.segment;
    const name = speaker || t("speaker.nobody");
    const isFirst = page.speakerBefore(this.segment) !== speaker;
    this.speaker.textContent = name;
    put(this.speaker, "dir", "auto");
    put(this.speaker, "aria-label", page.readOnly ? null : t("segment.speaker", { name }));
    this.element.classList.toggle("named", Boolean(speaker) && isFirst);
    this.element.classList.toggle("turn", isFirst);
    put(this.speaker, "title", name);
    if (speaker) this.element.dataset.colour = String(page.colour(speaker));
    else delete this.element.dataset.colour;
  }
}

export class GapRow {
  /**
   * @param {Gap} gap
   * @param {RowPage} page
   */
  constructor(gap, { readOnly }) {
    const time = clock(gap.start);
    const seconds = Math.round((gap.end - gap.start) * 10) / 10;
    /** @type {(name: string, drawing?: string) => HTMLElement} */
    const button = (name, drawing) =>
      h(
        "button",
        { type: "button", data: { do: name } },
        drawing ? icon(drawing) : null,
        t(`gap.${name}`),
      );
    const play = {
      type: "button",
      class: "time",
      data: { do: "play" },
      "aria-label": t("segment.play", { time }),
    };
    this.element = h(
      "div",
      { class: "gap", role: "listitem" },
      h("button", play, time),
      h(
        "div",
        { class: "body" },
        h(
          "p",
          {},
          h("strong", {}, t("gap.title", { seconds })),
          " ",
          h("span", { class: "soft" }, t("gap.text")),
        ),
        readOnly
          ? null
          : h("div", { class: "row" }, button("again", "again"), button("write"), button("close")),
      ),
    );
  }

  update() {}
}

/**
 * Estimated height of a row in pixels, with the text beside it or, in narrow windows, below it.
 * @param {Segment | Gap} item
 * @param {number} width
 * @param {string} [beside]
 */
export function guess(item, width, beside = "") {
  if ("reason" in item) return width < 560 ? 132 : 96;
  const text = shown(item).length;
  if (!beside) return 10 + 28 * lines(text, Math.min(width, 760) - 130);
  if (width >= WIDE) return 10 + 28 * lines(Math.max(text, beside.length), (width - 160) / 2);
  return 14 + 28 * lines(text, width - 130) + 24 * lines(beside.length, width - 130);
}

/**
 * @param {number} letters
 * @param {number} width
 */
const lines = (letters, width) => Math.max(1, Math.ceil(letters / Math.max(20, width / 8.2)));
