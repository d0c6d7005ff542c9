// Search, tag and order of the list, and the wish to be told when a recording is done.

/** @import { TagShown } from "../service.d.ts" */
/** @import { Query } from "./pages.js" */

import { h, icon, iconButton, put } from "../dom.js";
import { complain, say } from "../messages.js";
import * as notify from "../notify.js";
import { t } from "../strings/index.js";

const SOON = 250; // milliseconds after the last key
const ORDERS = ["newest", "oldest", "name", "longest"];

export class FindBar {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #asked;
  #input = h("input", { type: "search", "aria-label": t("list.find"), dir: "auto" });
  #tags = h("select", { "aria-label": t("list.tag"), hidden: true });
  #sort = h(
    "select",
    { "aria-label": t("list.sort") },
    ORDERS.map((value) => h("option", { value }, t(`list.sort.${value}`))),
  );
  #count = h("p", { class: "soft small", role: "status" });
  /** @type {TagShown[]} */
  #known = [];
  #query;

  /**
   * @param {Query} query
   * @param {(change: Partial<Query>) => void} asked
   */
  constructor(query, asked) {
    this.#asked = asked;
    this.#query = query;
    put(this.#input, "placeholder", t("list.find"));
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask({ q: this.#input.value.trim() }), SOON);
    });
    this.#tags.addEventListener("change", () => this.#ask({ tag: this.#tags.value }));
    this.#sort.addEventListener("change", () => this.#ask({ sort: this.#sort.value }));
    this.element = h(
      "div",
      { class: "finding", role: "search", hidden: true },
      h("div", { class: "find-field" }, icon("search"), this.#input),
      this.#tags,
      this.#sort,
      notify.isPossible() ? bell() : null,
      this.#count,
    );
    this.show(query);
  }

  /** @param {Query} query */
  show(query) {
    this.#query = query;
    if (this.#input.value.trim() !== query.q) this.#input.value = query.q;
    this.#sort.value = query.sort;
    this.offer(this.#known);
  }

  /**
   * Offer these tags, and the one that is chosen.
   * @param {TagShown[]} tags
   */
  offer(tags) {
    this.#known = tags;
    const { tag: chosen } = this.#query;
    const names = tags.map(({ tag }) => tag);
    const all = chosen && !names.includes(chosen) ? [chosen, ...names] : names;
    this.#tags.replaceChildren(
      h("option", { value: "" }, t("list.tag.any")),
      ...all.map((tag) => h("option", { value: tag }, tag)),
    );
    this.#tags.value = chosen;
    this.#tags.hidden = !all.length;
  }

  /** @param {number | null} count null without a search */
  showCount(count) {
    this.#count.textContent = count ? t("list.found", { count }) : "";
    this.#count.hidden = !count;
  }

  /** @param {Partial<Query>} change */
  #ask(change) {
    this.#query = { ...this.#query, ...change };
    this.#asked(change);
  }
}

function bell() {
  const button = iconButton("bell", t("notify.ask"), {
    "aria-pressed": String(notify.isOn()),
    on: { click: () => toggle().catch(complain) },
  });
  async function toggle() {
    const isOn = await notify.turn(!notify.isOn());
    button.setAttribute("aria-pressed", String(isOn));
    say(t(isOn ? "notify.on" : notify.isDenied() ? "notify.denied" : "notify.off"));
  }
  return button;
}
