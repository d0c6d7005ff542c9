// The form for the API key: in place of a view, or over the editor if the key was revoked.

import * as api from "../api.js";
import { rememberCaret } from "../dialog.js";
import { h } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";

/**
 * Show the form in place of a view; `done` is called once the server accepts the key.
 * @param {HTMLElement} main
 * @param {() => void} done
 */
export function show(main, done) {
  document.title = `${t("key.title")} · UniSpeech`;
  main.className = "";
  main.replaceChildren(form("h1", done));
  main.querySelector("input")?.focus();
}

/**
 * Show the form over the view; resolves once the server accepts the key.
 * @returns {Promise<void>}
 */
export function askOver() {
  return new Promise((resolve) => {
    const restoreCaret = rememberCaret();
    const done = () => {
      dialog.close();
      dialog.remove();
      restoreCaret();
      resolve();
    };
    const dialog = h(
      "dialog",
      { "aria-labelledby": "key-title", on: { cancel: (event) => event.preventDefault() } },
      form("h2", done),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * @param {"h1" | "h2"} heading
 * @param {() => void} done
 */
function form(heading, done) {
  const key = h("input", {
    id: "key",
    type: "password",
    required: true,
    autocomplete: "current-password",
    dir: "ltr",
    spellcheck: "false",
    "aria-describedby": "key-hint key-wrong",
  });
  const keep = h("input", { id: "keep", type: "checkbox", "aria-describedby": "keep-hint" });
  const wrong = h("p", { id: "key-wrong", class: "why", role: "alert" });
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    settings.setKey(key.value.trim(), keep.checked);
    api.forgetInfo();
    try {
      await api.info();
      done();
    } catch (error) {
      wrong.textContent = api.statusOf(error) === 401 ? t("key.wrong") : api.messageOf(error);
      key.focus();
      key.select();
    }
  };
  return h(
    "form",
    { class: "sheet narrow", on: { submit } },
    h(heading, { id: "key-title" }, t("key.title")),
    h(
      "div",
      { class: "field" },
      h("label", { for: "key" }, t("key.label")),
      key,
      h("p", { class: "hint", id: "key-hint" }, t("key.hint")),
      wrong,
    ),
    h(
      "div",
      { class: "field check" },
      keep,
      h("label", { for: "keep" }, t("key.keep")),
      h("p", { class: "hint", id: "keep-hint" }, t("key.keep.hint")),
    ),
    h("div", { class: "row" }, h("button", { class: "main" }, t("key.enter"))),
  );
}
