// The panel beside the text: tabs in wide windows, a drawer over the text in narrow ones.

import { h, iconButton, put } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";

const SOON = 250; // milliseconds after a change in which more may come

/**
 * A tab of the panel; `draw` fills its element and is called while the tab is visible.
 * @typedef {{ name: string, element: HTMLElement, draw: () => void }} Tab
 */

export class Desk {
  #wide = matchMedia("(min-width: 75rem)");
  #body = h("div", { class: "desk-body" });
  /** @type {HTMLElement[]} */
  #buttons;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #tabs;
  #here;

  /**
   * @param {Tab[]} tabs
   * @param {AbortSignal} signal
   */
  constructor(tabs, signal) {
    this.#tabs = tabs;
    this.#here = Math.max(
      0,
      tabs.findIndex(({ name }) => name === settings.get("desk.tab", "")),
    );
    this.#buttons = tabs.map(({ name }, index) =>
      h(
        "button",
        {
          type: "button",
          role: "tab",
          id: `desk-${name}`,
          "aria-controls": "desk-panel",
          on: { click: () => this.#show(index) },
        },
        t(`desk.${name}`),
      ),
    );
    const list = h(
      "div",
      {
        class: "tabs",
        role: "tablist",
        "aria-label": t("desk.title"),
        on: { keydown: (event) => this.#press(event) },
      },
      this.#buttons,
    );
    put(this.#body, "role", "tabpanel");
    put(this.#body, "id", "desk-panel");
    put(this.#body, "tabindex", "0");
    const close = iconButton("close", t("desk.close"), { on: { click: () => this.toggle() } });
    this.element = h(
      "aside",
      { class: "desk", "aria-label": t("desk.title") },
      h("div", { class: "desk-head" }, list, close),
      this.#body,
    );
    this.#fit();
    this.#wide.addEventListener("change", () => this.#fit(), { signal });
    this.#show(this.#here);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  toggle() {
    const hadFocus = this.element.contains(document.activeElement);
    this.element.hidden = this.isOpen;
    /** @type {HTMLElement | null} */
    const button = document.querySelector(".desk-toggle");
    if (hadFocus) button?.focus();
    if (this.#wide.matches) settings.set("desk.open", this.isOpen);
    if (this.isOpen) this.#show(this.#here);
  }

  /**
   * Open a tab.
   * @param {string} name
   */
  open(name) {
    this.element.hidden = false;
    this.#show(this.#tabs.findIndex((tab) => tab.name === name));
    this.#buttons[this.#here].focus();
  }

  /** Draw the visible tab soon. */
  plan() {
    if (!this.isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tabs[this.#here].draw(), SOON);
  }

  #fit() {
    this.element.hidden = !(this.#wide.matches && settings.get("desk.open", true));
  }

  /** @param {number} index */
  #show(index) {
    this.#here = index;
    const { name, element, draw } = this.#tabs[index];
    settings.set("desk.tab", name);
    for (const [at, button] of this.#buttons.entries()) {
      put(button, "aria-selected", String(at === index));
      put(button, "tabindex", at === index ? "0" : "-1");
    }
    put(this.#body, "aria-labelledby", `desk-${name}`);
    this.#body.replaceChildren(element);
    if (this.isOpen) draw();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const by = getComputedStyle(this.element).direction === "rtl" ? -step : step;
    event.preventDefault();
    const { length } = this.#tabs;
    this.#show((this.#here + by + length) % length);
    this.#buttons[this.#here].focus();
  }
}
