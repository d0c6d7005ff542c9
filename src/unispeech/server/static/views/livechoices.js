// What live captions are made of: source, language, quality, task, text rules, and if the sound is kept.

/** @import { Info } from "../service.d.ts" */
/** @import { Chosen } from "./chosen.js" */
/** @import { Choice } from "./languages.js" */

import { h } from "../dom.js";
import { canShareTabs, microphones, TAB } from "../live/source.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { backendOf, changed, jobFields, modelName, modelOf, restored, takes } from "./chosen.js";
import { control, field, select } from "./optioncontrols.js";
import { downloaded, engineOf, qualities } from "./quality.js";
import { RuleFields } from "./rules.js";

/** @typedef {{ source: string, keep: boolean }} Sound */

export class LiveChoices {
  #info;
  /** @type {Chosen} */
  #chosen;
  /** @type {Sound} */
  #sound = { source: "", keep: true, ...settings.get("liveSound", {}) };
  /** @type {MediaDeviceInfo[]} */
  #microphones = [];
  #fields = h("div", { class: "fields", on: { change: () => this.#read() } });
  #keep = h("input", { type: "checkbox", id: "v-keep", "aria-describedby": "vh-keep" });
  #summary = h("span");
  #change = h("button", { type: "button" }, t("live.change"));
  #line = h("div", { class: "live-summary", hidden: true }, this.#summary, this.#change);
  #rules;
  #box;

  /**
   * @param {Info} info
   * @param {AbortSignal} signal
   */
  constructor(info, signal) {
    this.#info = info;
    this.#chosen = restored(info, settings.get("live", {}));
    this.#rules = new RuleFields(info, "liveRules");
    this.#keep.checked = this.#sound.keep;
    this.#keep.addEventListener("change", () => this.#remember({ keep: this.#keep.checked }));
    const hint = h("p", { class: "hint", id: "vh-keep" }, t("live.keep.hint"));
    this.#box = h(
      "div",
      { class: "live-choices" },
      this.#fields,
      field(t("live.keep"), this.#keep, hint),
      this.#rules.element,
    );
    this.elements = [this.#box, this.#line];
    this.#change.addEventListener("click", () => {
      this.#collapse(false);
      document.getElementById("v-source")?.focus();
    });
    this.#draw();
    this.findMicrophones();
    const find = () => this.findMicrophones();
    navigator.mediaDevices?.addEventListener("devicechange", find, { signal });
  }

  /** Name of the source, for `openSource`. */
  get source() {
    return this.#isOffered(this.#sound.source) ? this.#sound.source : "";
  }

  /** True if the sound is to be kept. */
  get keeps() {
    return this.#sound.keep;
  }

  /** Options of a stream. */
  values() {
    const { word_timestamps: _, ...fields } = jobFields(this.#info, this.#chosen);
    return { ...fields, ...this.#rules.values() };
  }

  /** Fields of a job that transcribes the kept sound in the same way. */
  job() {
    return { ...jobFields(this.#info, this.#chosen), ...this.#rules.values() };
  }

  /**
   * Show one line that says what the captions are made of, so that the text has the room.
   * @param {boolean} isRunning nothing can be changed
   */
  summarize(isRunning) {
    this.#collapse(true);
    this.#change.hidden = isRunning;
    this.#summary.textContent = [
      this.#labelIn("v-source"),
      this.#labelIn("v-language"),
      modelName(this.#info, this.#chosen),
      isRunning && this.keeps ? t("live.keep.going") : "",
    ]
      .filter(Boolean)
      .join(" · ");
  }

  /** @param {boolean} isCollapsed */
  #collapse(isCollapsed) {
    this.#box.hidden = isCollapsed;
    this.#line.hidden = !isCollapsed;
  }

  /** Offer the microphones by name, once the browser tells them. */
  async findMicrophones() {
    this.#microphones = await microphones().catch(() => []);
    this.#draw();
  }

  #draw() {
    const chosen = this.#chosen;
    const focused = this.#fields.contains(document.activeElement) && document.activeElement?.id;
    const info = this.#info;
    const options = info.options.filter(({ name }) => ["language", "task"].includes(name));
    const [language, task] = ["language", "task"].map((name) => {
      const option = options.find((one) => one.name === name);
      return option && field(t(`options.${name}`), control(info, option, chosen, { prefix: "v" }));
    });
    this.#fields.replaceChildren(
      field(t("live.source"), select({ id: "v-source" }, this.#sources(), this.source)),
      language ?? "",
      field(t("options.quality"), select({ id: "v-model" }, this.#models(), this.#model)),
      (this.#canTranslate && task) || "",
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  get #canTranslate() {
    const backend = backendOf(this.#info, this.#chosen);
    const model = modelOf(this.#info, this.#chosen);
    return takes(backend, "task", "translate") && (model?.tasks.includes("translate") ?? true);
  }

  /** @returns {Choice[]} */
  #sources() {
    const named = this.#microphones.map(({ deviceId, label }) => ({ value: deviceId, label }));
    const tab = canShareTabs() ? [{ value: TAB, label: t("live.source.tab") }] : [];
    return [{ value: "", label: t("live.source.microphone") }, ...named, ...tab];
  }

  /** @param {string} source */
  #isOffered(source) {
    return this.#sources().some(({ value }) => value === source);
  }

  /** @returns {Choice[]} */
  #models() {
    const info = this.#info;
    const offered = qualities(info, this.#chosen.language);
    const first = Object.entries(offered).map(([value, engine]) => ({
      value,
      label: `${t(`options.quality.${value}`)} · ${modelName(info, engine)}`,
    }));
    const used = Object.values(offered).map((engine) => modelName(info, engine));
    const others = downloaded(info)
      .filter(({ name }) => !used.includes(name))
      .toSorted((one, other) => one.rank - other.rank)
      .map(({ name }) => ({ value: name, label: name, group: t("live.models") }));
    return [...first, ...others];
  }

  /** Value of the list: a quality if one stands for the chosen model. */
  get #model() {
    const { quality, language } = this.#chosen;
    const name = modelName(this.#info, this.#chosen);
    const engines = Object.entries(qualities(this.#info, language));
    const same = engines.find(([, engine]) => modelName(this.#info, engine) === name);
    return quality || same?.[0] || name;
  }

  #read() {
    const value = (/** @type {string} */ name) => {
      const list = this.#fields.querySelector(`#v-${name}`);
      return list instanceof HTMLSelectElement ? list.value : "";
    };
    this.#remember({ source: value("source") });
    const values = { language: value("language"), task: value("task") || "transcribe" };
    this.#chosen = changed(this.#info, this.#chosen, {
      ...values,
      ...this.#engine(value("model")),
    });
    const { quality, backend, model, language, task } = this.#chosen;
    settings.set("live", { quality, backend, model, language, task });
    this.#draw();
  }

  /** @param {string} name of a quality or model */
  #engine(name) {
    const model = downloaded(this.#info).find((one) => one.name === name);
    return model ? { ...engineOf(this.#info, model), quality: "" } : { quality: name };
  }

  /** @param {Partial<Sound>} change */
  #remember(change) {
    Object.assign(this.#sound, change);
    settings.set("liveSound", this.#sound);
  }

  /** @param {string} id */
  #labelIn(id) {
    const list = this.#fields.querySelector(`#${id}`);
    return list instanceof HTMLSelectElement ? (list.selectedOptions[0]?.label ?? "") : "";
  }
}
