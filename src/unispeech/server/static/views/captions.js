// Captions of somebody else, by link: nothing but text, for projectors, OBS and phones.

/** @import { CaptionUpdate } from "../service.d.ts" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { follow, pause } from "../events.js";
import { t } from "../strings/index.js";

const KEPT = 60; // lines
const AGAIN = 5000; // milliseconds between two looks for captions that have not begun
const LATER = 20_000; // the same after `PATIENT`
const PATIENT = 60_000;

/** @type {import("../main.js").View["show"]} */
export async function show(main, signal, id) {
  document.title = `${t("captions.title")} · UniSpeech`;
  const page = new CaptionPage(new URLSearchParams(location.hash.split("?")[1] ?? ""));
  main.classList.add("watch");
  document.body.classList.add("watching");
  page.dress(signal);
  main.append(h("h1", { class: "unseen" }, t("captions.title")), page.element);
  watch(id, page, signal);
}

/**
 * Follow the captions until `signal` is aborted; they may begin, end and begin again.
 * @param {string} id
 * @param {CaptionPage} page
 * @param {AbortSignal} signal
 */
async function watch(id, page, signal) {
  let since = Date.now();
  while (!signal.aborted) {
    try {
      await follow(
        `api/captions/${id}`,
        {
          events: {
            captions: (update) => page.show(update),
            end: () => "end",
          },
          connection: (isThere) => isThere && page.restart(),
        },
        signal,
      );
      since = Date.now();
    } catch (error) {
      if (api.statusOf(error) !== 404) console.error(error);
    }
    page.wait();
    await pause(Date.now() - since > PATIENT ? LATER : AGAIN, signal);
  }
}

class CaptionPage {
  #open = new Line();
  #lines;
  #hint = h("p", { class: "hint", role: "status" }, t("captions.waiting"));
  #look;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {URLSearchParams} parameters */
  constructor(parameters) {
    this.#look = lookOf(parameters);
    this.#lines = h("div", { class: "lines", role: "log", "aria-label": t("live.captions") });
    this.element = h(
      "div",
      { class: "screen", tabindex: "0", role: "region", "aria-label": t("captions.title") },
      h("div", {}, this.#lines, this.#hint),
    );
    this.#lines.append(this.#open.element);
  }

  /**
   * Give the page its look until `signal` is aborted.
   * @param {AbortSignal} signal
   */
  dress(signal) {
    const { background, color, size, lines, align } = this.#look;
    const { style, classList } = document.documentElement;
    const own = {
      "--caption-ground": background,
      "--caption-ink": color || (background && "#fff"),
      "--caption-size": size ? `${size}px` : "",
      "--caption-lines": lines ? String(lines) : "",
      "--caption-align": align,
    };
    for (const [name, value] of Object.entries(own)) if (value) style.setProperty(name, value);
    const classes = [background ? "dressed" : "", lines ? "few" : ""].filter(Boolean);
    classList.add(...classes);
    const undress = () => {
      for (const name of Object.keys(own)) style.removeProperty(name);
      classList.remove(...classes);
      clearTimeout(this.#timer);
    };
    signal.addEventListener("abort", undress, { once: true });
  }

  /** Remove all lines; the server sends the last ones after each connection. */
  restart() {
    this.#open = new Line();
    this.#lines.replaceChildren(this.#open.element);
  }

  /** @param {CaptionUpdate} update */
  show({ lines, text, hypothesis }) {
    for (const line of lines) {
      this.#open.show(line, "");
      this.#open = new Line();
      this.#lines.append(this.#open.element);
    }
    this.#open.show(text, hypothesis);
    while (this.#lines.children.length > KEPT) this.#lines.firstElementChild?.remove();
    const hasText = this.#lines.textContent !== "";
    this.#hint.hidden = hasText || this.#isDressed;
    if (hasText) this.#hideLater();
  }

  /** Say that captions will come, unless the page is part of a picture. */
  wait() {
    this.#hint.hidden = this.#isDressed || this.#lines.textContent !== "";
  }

  get #isDressed() {
    return Boolean(this.#look.background);
  }

  #hideLater() {
    const { hide } = this.#look;
    if (!hide) return;
    clearTimeout(this.#timer);
    this.#lines.hidden = false;
    this.#timer = setTimeout(() => {
      this.#lines.hidden = true;
    }, hide * 1000);
  }
}

/** A line with its provisional text, which screen readers skip. */
class Line {
  #text = h("span");
  #open = h("span", { class: "open", "aria-hidden": "true" });
  element = h("p", { dir: "auto" }, this.#text, this.#open);

  /**
   * @param {string} text
   * @param {string} hypothesis
   */
  show(text, hypothesis) {
    const final = text.trimStart();
    if (this.#text.textContent !== final) this.#text.textContent = final;
    this.#open.textContent = final ? hypothesis : hypothesis.trimStart();
  }
}

/**
 * Parameters of the address; invalid ones are left out.
 * @param {URLSearchParams} parameters
 */
function lookOf(parameters) {
  /** @type {(name: string, low: number, high: number) => number} */
  const number = (name, low, high) => {
    const value = Number(parameters.get(name));
    return value >= low && value <= high ? value : 0;
  };
  const color = (/** @type {string} */ name) => {
    const value = parameters.get(name) ?? "";
    return CSS.supports("color", value) ? value : "";
  };
  const align = parameters.get("align") ?? "";
  return {
    background: color("background"),
    color: color("color"),
    size: number("size", 10, 400),
    lines: number("lines", 1, 20),
    hide: number("hide", 1, 3600),
    align: ["start", "center", "end"].includes(align) ? align : "",
  };
}
