// Copy text to the clipboard, also on a page served over plain http from another machine: browsers offer no
// `navigator.clipboard` there, only the old command.

import { Trouble } from "./api.js";
import { h } from "./dom.js";
import { t } from "./strings/index.js";

/**
 * Copy a text. Throws `Trouble` if the browser forbids it.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copySelected(text)) throw new Trouble(t("trouble.clipboard"));
  }
}

/** @param {string} text */
function copySelected(text) {
  const before = document.activeElement;
  const field = h("textarea", {
    class: "unseen",
    "aria-hidden": "true",
    readonly: true,
    value: text,
  });
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } finally {
    field.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
