// Dialogs made of <dialog>, which traps the focus and closes on Escape.

/** @import { Child } from "./dom.js" */

import { h, iconButton, selection } from "./dom.js";
import { t } from "./strings/index.js";

/** @typedef {{ label: string, value: string, kind?: string }} Button */

/**
 * Show a dialog and return the value of the pressed button, or null if the dialog was closed. Enter in
 * a field presses the button of the kind "main", which first validates the fields in `content`.
 * @param {{ title: string, content?: Child, buttons: Button[], large?: boolean }} question
 * @returns {Promise<string | null>}
 */
export function ask({ title, content, buttons, large = false }) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: `title-${Date.now()}` }, title);
    const close = iconButton("close", t("close"), { on: { click: () => dialog.close() } });
    const form = h(
      "form",
      { method: "dialog" },
      h("div", { class: "row" }, h("div", { class: "grow" }, heading), close),
      content,
      h(
        "div",
        { class: "buttons" },
        buttons.map((button) => pressable(button, (value) => dialog.close(value))),
      ),
    );
    const dialog = h(
      "dialog",
      { class: large ? "large" : null, "aria-labelledby": heading.id },
      form,
    );
    const restoreCaret = rememberCaret();
    dialog.addEventListener("close", () => {
      dialog.remove();
      restoreCaret();
      resolve(dialog.returnValue || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * @param {Button} button
 * @param {(value: string) => void} choose
 */
function pressable({ label, value, kind = "" }, choose) {
  return kind.startsWith("main")
    ? h("button", { value, class: kind }, label)
    : h(
        "button",
        { type: "button", class: kind || null, on: { click: () => choose(value) } },
        label,
      );
}

/**
 * Remember the caret and return a function that restores it. A browser restores the focus when a dialog
 * closes but not the caret, so further typing would be lost.
 */
export function rememberCaret() {
  const selected = selection();
  const range = selected.rangeCount ? selected.getRangeAt(0) : null;
  return () => {
    const focused = document.activeElement;
    if (!range || !(focused instanceof HTMLElement)) return;
    if (!focused.isContentEditable || !focused.contains(range.startContainer)) return;
    selected.removeAllRanges();
    selected.addRange(range);
  };
}

/**
 * Ask for confirmation.
 * @param {string} title
 * @param {string} text
 * @param {string} yes
 */
export async function confirm(title, text, yes, { danger = false } = {}) {
  const answer = await ask({
    title,
    content: h("p", {}, text),
    buttons: [
      { label: t("cancel"), value: "" },
      { label: yes, value: "yes", kind: danger ? "main danger-fill" : "main" },
    ],
  });
  return answer === "yes";
}
