// The foot of the live view: start, stop, state, and actions on the text.

import { h, icon, put } from "../dom.js";
import { number, t } from "../strings/index.js";

const LAG = 0.5; // seconds of lag that are not shown

export class LiveControls {
  #level = h("meter", {
    min: "0",
    max: "1",
    low: "0.02",
    value: "0",
    "aria-label": t("recorder.level"),
  });
  #state = h("span", { role: "status" }, t("live.state.idle"));
  #trouble = h("p", { class: "why", role: "alert" });
  #lag = h("span", { class: "soft number" });
  /** @type {HTMLButtonElement} */
  #talk;
  #big;
  #copy;
  #download;
  #clear;

  /** @param {Record<"talk" | "big" | "copy" | "download" | "clear", (button: HTMLElement) => unknown>} actions */
  constructor(actions) {
    this.#talk = h("button", {
      type: "button",
      class: "main talk",
      on: { click: () => actions.talk(this.#talk) },
    });
    this.#big = button("live.big", "big", actions.big);
    this.#copy = button("export.copy", "copy", actions.copy);
    this.#download = button("live.download", "download", actions.download);
    for (const opener of [this.#copy, this.#download]) put(opener, "aria-haspopup", "menu");
    this.#clear = button("live.clear", "close", actions.clear);
    this.element = h(
      "section",
      { class: "live-foot", "aria-label": t("live.controls") },
      this.#trouble,
      h(
        "div",
        { class: "row" },
        this.#talk,
        h("p", { class: "row heard" }, this.#level, this.#state, this.#lag),
        h("div", { class: "row end" }, this.#clear, this.#big, this.#copy, this.#download),
      ),
    );
    this.showBig(false);
    this.showTalking(false);
  }

  /** @param {boolean} isTalking */
  showTalking(isTalking) {
    const label = t(isTalking ? "live.stop" : "live.start");
    this.#talk.replaceChildren(icon(isTalking ? "stop" : "mic"), label);
    this.#talk.classList.toggle("going", isTalking);
  }

  /** @param {string} text */
  showState(text) {
    this.#state.textContent = text;
  }

  /** @param {string} text */
  showTrouble(text) {
    this.#trouble.textContent = text;
  }

  /** @param {number} level from 0 to 1 */
  showLevel(level) {
    this.#level.value = level;
  }

  /** @param {number} lag seconds */
  showLag(lag) {
    const seconds = number(lag, { maximumFractionDigits: 1 });
    this.#lag.textContent = lag > LAG ? t("live.lag", { seconds }) : "";
  }

  /** @param {boolean} isBig */
  showBig(isBig) {
    put(this.#big, "aria-pressed", String(isBig));
  }

  /**
   * Enable the actions on the text.
   * @param {boolean} hasText
   * @param {boolean} isTalking
   */
  offerText(hasText, isTalking) {
    this.#copy.disabled = !hasText;
    this.#download.disabled = !hasText;
    this.#clear.hidden = !hasText || isTalking;
  }
}

/** @type {(label: string, drawing: string, act: (button: HTMLElement) => unknown) => HTMLButtonElement} */
function button(label, drawing, act) {
  const text = h("span", {}, t(label));
  const button = h("button", { type: "button" }, icon(drawing), text);
  button.addEventListener("click", () => act(button));
  return button;
}
