// Row of a recording: its name and facts, the places that a search found, its state and its menu.

/** @import { JobInList, Place } from "../service.d.ts" */
/** @import { Item } from "./pages.js" */

import { h, iconButton, put } from "../dom.js";
import { day, t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { progressOf, stateOf, waits } from "../views/jobs.js";

const SOON = 3; // days before its deletion from which a recording says so

/**
 * @typedef {{
 *   isChosen: (id: string) => boolean,
 *   choose: (index: number, how: { isOn: boolean, isRange: boolean }) => void,
 *   openMenu: (button: HTMLElement, job: JobInList) => void,
 *   findTag: (tag: string) => void,
 * }} RowPage
 */

export class JobRow {
  #page;
  #more; // one button for all drawings, to which the focus returns from the menu
  /** @type {Item} */
  item;

  /**
   * @param {Item} item
   * @param {RowPage} page
   */
  constructor(item, page) {
    this.#page = page;
    this.item = item;
    this.#more = iconButton("more", "", {
      "aria-haspopup": "menu",
      data: { part: "more" },
      on: { click: () => this.item.job && this.#page.openMenu(this.#more, this.item.job) },
    });
    this.element = h("li", { role: "listitem" });
    this.#draw();
  }

  /** @param {Item} item */
  update(item) {
    const isSame = item.job === this.item.job;
    this.item = item;
    if (!isSame) this.#draw(); // else a click on the row could be lost while another one makes progress
  }

  #draw() {
    const { activeElement } = document;
    const isInside = activeElement instanceof HTMLElement && this.element.contains(activeElement);
    const part = isInside ? activeElement.dataset.part : null;
    const { job } = this.item;
    this.element.className = job ? `job ${job.state}` : "job unloaded";
    this.element.replaceChildren(...(job ? this.#content(job) : []));
    if (!isInside) return;
    /** @type {HTMLElement | null} */
    const same = part ? this.element.querySelector(`[data-part="${CSS.escape(part)}"]`) : null;
    (same ?? this.element.querySelector("a"))?.focus();
  }

  /** Show whether the recording is chosen. */
  showChoice() {
    const box = this.element.querySelector("input");
    if (box && this.item.job) box.checked = this.#page.isChosen(this.item.job.id);
  }

  /** @param {JobInList} job */
  #content(job) {
    const { id, filename, state, error, places } = job;
    for (const name of ["aria-label", "title"])
      put(this.#more, name, t("jobs.more", { name: filename }));
    const texts = places.filter(({ start }) => start !== null);
    const name = places.find(({ start }) => start === null);
    return [
      this.#box(job),
      h(
        "div",
        { class: "grow" },
        h(
          "a",
          { href: `#/job/${id}`, dir: "auto", data: { part: "name" } },
          name ? partsOf(name) : filename,
        ),
        h("p", { class: "soft small facts" }, facts(job), this.#tags(job)),
      ),
      h(
        "div",
        { class: "state" },
        h("span", { class: `badge ${state}` }, stateOf(job)),
        waits(job) ? h("span", { class: "soft small number" }, waits(job)) : null,
      ),
      this.#more,
      texts.length ? h("ul", { class: "found" }, texts.map(placeRow(id))) : null,
      state === "running" ? progressOf(job) : null,
      state === "failed" ? h("p", { class: "why" }, error) : null,
    ].filter((part) => part !== null);
  }

  /** @param {JobInList} job */
  #box({ id, filename }) {
    const box = h("input", {
      type: "checkbox",
      "aria-label": t("list.choose", { name: filename }),
      data: { part: "choose" },
    });
    box.checked = this.#page.isChosen(id);
    box.addEventListener("click", ({ shiftKey }) =>
      this.#page.choose(this.item.index, { isOn: box.checked, isRange: shiftKey }),
    );
    return h("label", { class: "choose" }, box);
  }

  /** @param {JobInList} job */
  #tags({ tags }) {
    return tags.map((tag) =>
      h(
        "button",
        {
          type: "button",
          class: "tag",
          dir: "auto",
          title: t("list.tag.only", { tag }),
          data: { part: `tag ${tag}` },
          on: { click: () => this.#page.findTag(tag) },
        },
        tag,
      ),
    );
  }
}

/**
 * Height of a row before it is measured.
 * @param {Item} item
 */
export function guess({ job }) {
  if (!job) return 64;
  const places = job.places.filter(({ start }) => start !== null).length;
  return 64 + 26 * places + (job.state === "running" ? 16 : 0);
}

/** @param {string} id */
function placeRow(id) {
  /** @param {Place} place */
  return (place) => {
    const start = place.start ?? 0;
    return h(
      "li",
      {},
      h(
        "a",
        { href: `#/job/${id}@${Math.floor(start * 10) / 10}`, data: { part: `at ${start}` } },
        h("time", {}, clock(start)),
        h("span", { dir: "auto" }, partsOf(place)),
      ),
    );
  };
}

/** @param {Place} place */
const partsOf = ({ parts }) => parts.map(({ text, match }) => (match ? h("mark", {}, text) : text));

/** @param {JobInList} job */
function facts({ duration, created, model, expires }) {
  const left = expires === null ? SOON : Math.floor((expires - Date.now() / 1000) / 86_400);
  return [
    duration ? [h("span", { class: "number" }, clock(duration)), " · "] : null,
    h("time", { datetime: new Date(created * 1000).toISOString() }, day(created)),
    ` · ${model}`,
    left < SOON
      ? h("span", { class: "doubt-text" }, ` · ${t("list.expires", { count: Math.max(0, left) })}`)
      : null,
  ];
}
