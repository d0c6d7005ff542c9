// The choice of vocabulary lists: a button for each, and the way to the dialogs that edit them.

/** @import { VocabularyInList } from "../service.d.ts" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { complain } from "../messages.js";
import { t } from "../strings/index.js";

export class VocabularyField {
  /** @type {VocabularyInList[]} */
  #lists = [];
  /** @type {Set<string>} */
  #chosen;
  #onChange;
  #isAllowed = true;
  #actions = h("div", { class: "row" });
  #buttons = h("div", { class: "row choices-of-lists" });
  #why = h("span", { class: "why" });

  /**
   * @param {{ id: string, chosen: string, hint: string, onChange?: () => void }} field `chosen` are names separated
   *   by commas
   */
  constructor({ id, chosen, hint, onChange = () => {} }) {
    this.#chosen = new Set(chosen.split(",").filter(Boolean));
    this.#onChange = onChange;
    this.element = h(
      "div",
      { class: "field vocabulary", role: "group", "aria-labelledby": id },
      h(
        "div",
        { class: "row" },
        h("span", { class: "label", id }, t("vocabulary.label")),
        this.#actions,
      ),
      this.#buttons,
      h("p", { class: "hint" }, hint, " ", this.#why),
    );
    this.#draw();
  }

  /** Names of the chosen lists, separated by commas. */
  get value() {
    return [...this.#chosen].join(",");
  }

  /**
   * Disable the choice if the backend cannot expect words.
   * @param {{ allowed: boolean, reason: string | null }} verdict
   */
  allow({ allowed, reason }) {
    this.#isAllowed = allowed;
    this.#why.textContent = reason?.split("; ")[0] ?? "";
    this.#draw();
  }

  /** Show the lists of the server. Lists that a colleague has deleted are no longer chosen. */
  async load() {
    this.#lists = await api.vocabularies();
    const before = this.value;
    const names = this.#lists.map(({ name }) => name);
    this.#chosen = new Set([...this.#chosen].filter((name) => names.includes(name)));
    this.#draw();
    if (this.value !== before) this.#onChange();
  }

  #draw() {
    const lists = this.#lists.map(({ name, size }) => this.#button(name, size));
    const create = this.#action("vocabulary.new", (dialogs) => dialogs.create());
    const edit = this.#action("vocabulary.edit", (dialogs) => dialogs.choose());
    this.#actions.replaceChildren(create, ...(lists.length ? [edit] : []));
    this.#buttons.replaceChildren(...lists);
    this.#buttons.hidden = !lists.length;
  }

  /** @type {(name: string, size: number) => HTMLElement} */
  #button(name, size) {
    const toggle = () => {
      if (!this.#chosen.delete(name)) this.#chosen.add(name);
      button.setAttribute("aria-pressed", String(this.#chosen.has(name)));
      this.#onChange();
    };
    const button = h(
      "button",
      {
        type: "button",
        class: "list",
        title: t("vocabulary.size", { count: size }),
        "aria-pressed": String(this.#chosen.has(name)),
        disabled: !this.#isAllowed,
        on: { click: toggle },
      },
      h("bdi", {}, name),
    );
    return button;
  }

  /**
   * A button that opens a dialog, after which the lists are drawn again. A new list is chosen.
   * @param {string} label
   * @param {(dialogs: typeof import("./vocabularydialogs.js")) => Promise<Map<string, string>>} open
   */
  #action(label, open) {
    const click = async () => {
      try {
        const renamed = await open(await import("./vocabularydialogs.js"));
        for (const [before, after] of renamed)
          if (!before || this.#chosen.delete(before)) this.#chosen.add(after);
        await this.load();
        if (renamed.size) this.#onChange();
      } catch (error) {
        complain(error);
      }
      const drawn = [...this.#actions.querySelectorAll("button")];
      drawn.find(({ textContent }) => textContent === t(label))?.focus();
    };
    return h("button", { type: "button", class: "bare", on: { click } }, t(label));
  }
}
