// Short messages at the foot of the page, announced by screen readers.

import { isAbort, isUnreachable, messageOf, statusOf, Trouble } from "./api.js";
import { byId, h, iconButton } from "./dom.js";
import { serverIsBack } from "./events.js";
import { t } from "./strings/index.js";

const SHOWN = 6000;

/** @typedef {{ label: string, run: () => unknown }} Action */

/** Keep room at the page's foot, so that its last lines can be scrolled out from under the notices. */
export function keepRoom() {
  const box = byId("messages");
  const resize = () =>
    document.documentElement.style.setProperty("--notices-height", `${box.offsetHeight}px`);
  new ResizeObserver(resize).observe(box);
}

/**
 * Show a notice that disappears after `SHOWN` milliseconds; one with an action stays until it is used or closed.
 * @param {string} text
 * @param {Action} [action]
 */
export function say(text, action) {
  const note = show(text, { box: byId("news"), kind: "note", action });
  if (!action) expire(note);
}

/**
 * Show an error until it is closed; a lost connection, until the server answers. Aborted operations are
 * not reported.
 * @param {unknown} error
 */
export function complain(error) {
  if (isAbort(error) || statusOf(error) === 401) return;
  if (!(error instanceof Trouble)) console.error(error);
  const note = show(messageOf(error), { box: byId("troubles"), kind: "note trouble" });
  if (note && isUnreachable(error)) serverIsBack().then(() => note.remove());
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
 * Show a notice and return it; null if the same one is shown already.
 * @param {string} text
 * @param {{ box: HTMLElement, kind: string, action?: Action }} form
 */
function show(text, { box, kind, action }) {
  if (Array.from(box.querySelectorAll("div")).some((note) => note.dataset.text === text))
    return null;
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
  return note;
}

/**
 * Remove a notice after `SHOWN` milliseconds in which neither the pointer nor the focus was on it.
 * @param {HTMLElement | null} note
 */
function expire(note) {
  if (!note) return;
  const look = () => {
    if (note.matches(":hover, :focus-within")) setTimeout(look, SHOWN);
    else note.remove();
  };
  setTimeout(look, SHOWN);
}
