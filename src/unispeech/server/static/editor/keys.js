// Dialog of the keyboard shortcuts, in which the user can change them.

import { ask } from "../dialog.js";
import { h, put } from "../dom.js";
import { t } from "../strings/index.js";
import { assign, FIXED, KEYS, keysOf, keysPressed, resetKeys, written } from "./keytable.js";

/** Show the keyboard shortcuts. */
export function showKeys() {
  const groups = h("div", { class: "keys" });
  const draw = () => groups.replaceChildren(...KEYS.map((group) => section(group, draw)));
  draw();
  const reset = () => {
    resetKeys();
    draw();
  };
  return ask({
    title: t("keys.title"),
    large: true,
    content: [
      h("p", { class: "soft" }, t("keys.note")),
      groups,
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", on: { click: reset } }, t("keys.reset")),
        h("span", { class: "soft small" }, t("keys.own")),
      ),
    ],
    buttons: [{ label: t("close"), value: "", kind: "main" }],
  });
}

/**
 * @param {typeof KEYS[number]} group
 * @param {() => void} draw
 */
function section([group, commands], draw) {
  return h(
    "section",
    {},
    h("h3", {}, t(group)),
    h(
      "ul",
      {},
      commands.map(([command]) => shortcut(command, draw)),
    ),
  );
}

/**
 * A command with its keys, which a press on them changes.
 * @param {string} command
 * @param {() => void} draw
 */
function shortcut(command, draw) {
  const label = t(`command.${command}`);
  const keys = keysOf(command).map((name) => h("kbd", { dir: "ltr" }, written(name)));
  const shown = keys.length ? keys : h("span", { class: "soft" }, "–");
  if (FIXED.includes(command)) return h("li", {}, h("span", {}, label), h("span", {}, shown));
  const button = h(
    "button",
    {
      type: "button",
      class: "bare",
      "aria-label": t("keys.alter", { name: label }),
      data: { shortcut: command },
    },
    shown,
  );
  button.addEventListener("click", () => listen(button, command, draw));
  return h("li", {}, h("span", {}, label), button);
}

/**
 * Wait for the new keys of a command; Escape keeps the old ones.
 * @param {HTMLElement} button
 * @param {string} command
 * @param {() => void} draw
 */
function listen(button, command, draw) {
  button.replaceChildren(t("keys.press"));
  put(button, "aria-live", "polite");
  const stop = new AbortController();
  const end = () => {
    stop.abort();
    draw();
    /** @type {HTMLElement | null} */
    const again = document.querySelector(`[data-shortcut="${command}"]`);
    again?.focus();
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.key === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    const keys = keysPressed(event);
    if (keys) assign(command, keys);
    if (keys || event.key === "Escape") end();
  };
  button.addEventListener("keydown", press, { signal: stop.signal });
  button.addEventListener("blur", end, { signal: stop.signal });
}
