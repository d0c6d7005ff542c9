// Tab of the speakers: key, name, talk time, a sample of the voice, rename and merge.

/** @import { Player } from "./player.js" */
/** @import { Roster } from "./roster.js" */
/** @import { Store } from "./store.js" */

import { h, icon, iconButton } from "../dom.js";
import { openMenu } from "../menu.js";
import { number, t } from "../strings/index.js";
import { sampleOf, talkTimes } from "../transcript/speaking.js";
import { clock } from "../transcript/times.js";
import { askName, coloured, mergeMenu, rename } from "./speakers.js";

export class SpeakerTab {
  name = "speakers";
  element = h("div", { class: "desk-speakers" });
  #store;
  #player;
  #roster;

  /** @param {{ store: Store, player: Player, roster: Roster }} page */
  constructor({ store, player, roster }) {
    this.#store = store;
    this.#player = player;
    this.#roster = roster;
  }

  draw = () => {
    const times = talkTimes(this.#store.document);
    const all = [...times.values()].reduce((sum, time) => sum + time, 0) || 1;
    /** @type {(string | null)[]} */
    const names = [...this.#roster.names, ...(times.has(null) ? [null] : [])];
    const focused = this.#focusedPart();
    this.element.replaceChildren(
      h(
        "ul",
        {},
        names.map((name, index) =>
          this.#row(name, index + 1, (times.get(name) ?? 0) / all, times.get(name) ?? 0),
        ),
      ),
      h(
        "button",
        { type: "button", on: { click: () => this.#add() } },
        icon("plus"),
        t("speaker.new"),
      ),
      h("p", { class: "soft small" }, t("speaker.keys")),
    );
    /** @type {HTMLElement | null} */
    const again = focused
      ? this.element.querySelector(`[data-part="${CSS.escape(focused)}"]`)
      : null;
    again?.focus();
  };

  #focusedPart() {
    const { activeElement } = document;
    const isInside = activeElement instanceof HTMLElement && this.element.contains(activeElement);
    return isInside ? activeElement.dataset.part : undefined;
  }

  /**
   * @param {string | null} name
   * @param {number} key
   * @param {number} share
   * @param {number} time
   */
  #row(name, key, share, time) {
    const label = name ?? t("speaker.nobody");
    const listen = iconButton("play", t("speaker.sample", { name: label }), {
      data: { part: `play ${label}` },
      on: { click: () => this.#playSample(name) },
    });
    const more = iconButton("more", t("speaker.more", { name: label }), {
      "aria-haspopup": "menu",
      data: { part: `more ${label}` },
      on: { click: () => name !== null && this.#openMenu(more, name) },
    });
    const bar = h("span", { class: "share" });
    bar.style.setProperty("--share", String(share));
    const percent = number(share, { style: "percent" });
    return h(
      "li",
      { data: name === null ? {} : { colour: String(this.#roster.colour(name)) } },
      h("kbd", {}, name === null ? "0" : key < 10 ? String(key) : ""),
      h(
        "span",
        { class: "grow" },
        coloured(this.#roster, name),
        bar,
        h("span", { class: "soft small number" }, `${clock(time)} · ${percent}`),
      ),
      listen,
      name === null ? null : more,
    );
  }

  /** @param {string | null} name */
  #playSample(name) {
    const sample = sampleOf(this.#store.document, name);
    if (sample) this.#player.playFrom(sample.start, sample.end);
  }

  /**
   * @param {HTMLElement} button
   * @param {string} name
   */
  #openMenu(button, name) {
    const page = { store: this.#store, roster: this.#roster };
    const merge = { label: t("speaker.merge"), run: () => mergeMenu(button, page, name) };
    const items = [
      { label: t("speaker.rename", { name }), run: () => rename(page, name) },
      ...(this.#roster.names.length > 1 ? [merge] : []),
    ];
    openMenu(button, items, name);
  }

  async #add() {
    const name = await askName(t("speaker.new"), "");
    if (name) this.#roster.add(name);
    this.draw();
  }
}
