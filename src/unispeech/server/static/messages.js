// Short messages at the foot of the page, announced by screen readers.

import { isAbort, messageOf, statusOf, Trouble } from "./api.js";
import { byId, h, iconButton } from "./dom.js";
import { t } from "./strings/index.js";

const SHOWN = 6000;

/** @typedef {{ label: string, run: () => unknown }} Action */

/**
 * Show a notice that disappears after `SHOWN` milliseconds.
 * @param {string} text
 * @param {Action} [action]
 */
export function say(text, action) {
  show(text, { box: byId("news"), kind: "note", action, time: SHOWN });
}

/**
 * Show an error until it is closed. Aborted operations are not reported.
 * @param {unknown} error
 */
export function complain(error) {
  if (isAbort(error) || statusOf(error) === 401) return;
  if (!(error instanceof Trouble)) console.error(error);
  show(messageOf(error), { box: byId("troubles"), kind: "note trouble" });
}

/**
 * Announce a text to screen readers only.
 * @param {string} text
 */
export function whisper(text) {
  const line = byId("whisper");
  line.textContent = "";
  requestAnimationFrame(() => {
    line.textContent = text;
  });
}

/**
 * @param {string} text
 * @param {{ box: HTMLElement, kind: string, action?: Action, time?: number }} form
 */
function show(text, { box, kind, action, time }) {
  if (Array.from(box.querySelectorAll("div")).some((note) => note.dataset.text === text)) return;
  /** @returns {void} */
  const close = () => note.remove();
  const act = () => {
    close();
    action?.run();
  };
  const note = h(
    "div",
    { class: kind, data: { text } },
    h("span", { class: "grow" }, text),
    action ? h("button", { type: "button", on: { click: act } }, action.label) : null,
    iconButton("close", t("close"), { on: { click: close } }),
  );
  box.append(note);
  if (time) setTimeout(close, time);
}
