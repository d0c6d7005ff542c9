// The translation beside a shared text, if there is one, and the box that shows or hides it.

/** @import { Store } from "../editor/store.js" */
/** @import { TranscriptView } from "../editor/transcript.js" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { BesideTexts } from "../editor/besidetexts.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";

const SETTING = "translation"; // of the editor too

export class SharedTranslation {
  #box = h("input", { type: "checkbox", checked: settings.get(SETTING, true) });
  element = h("label", { class: "check", hidden: true }, this.#box, t("translation.show"));
  /** @type {string | null} */
  #version = null;
  #base;
  #beside;

  /**
   * @param {string} base
   * @param {Store} store
   * @param {TranscriptView} view
   */
  constructor(base, store, view) {
    this.#base = base;
    this.#beside = new BesideTexts(store, view);
    this.#box.addEventListener("change", () => {
      settings.set(SETTING, this.#box.checked);
      this.#draw();
    });
  }

  /**
   * Load a version of the translation, unless it is the shown one.
   * @param {string | null} version null: there is none any more
   */
  async follow(version) {
    if (version === this.#version) return;
    const latest = version === null ? null : await api.translated(this.#base);
    this.#version = version;
    this.#beside.set(latest?.segments ?? [], latest?.language ?? "");
    this.#draw();
  }

  #draw() {
    this.element.hidden = this.#version === null;
    this.#beside.show(this.#version !== null && this.#box.checked);
  }
}
