// Text on the clipboard, also where the page came by plain http from another machine: there a browser has
// no `navigator.clipboard`, and only the old command copies.

import { Trouble } from "./api.js";
import { h } from "./dom.js";
import { t } from "./strings/index.js";

/**
 * Copies a text; a `Trouble` where the browser does not let it.
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
