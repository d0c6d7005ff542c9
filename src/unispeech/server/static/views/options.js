// Form of the transcription options. It disables what the backend does not support and stores the choice.

/** @import { Info, Option } from "../service.d.ts" */
/** @import { Chosen } from "./chosen.js" */
/** @import { Choice } from "./languages.js" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import {
  allowance,
  backendOf,
  formOptions,
  jobFields,
  modelLabel,
  modelsOf,
  possible,
  summary,
  usual,
} from "./chosen.js";
import { control, controlsIn, field, hintOf, labelOf, select, valuesIn } from "./optioncontrols.js";

const MULTILINE = ["initial_prompt", "replacements"];
const SOON = 400; // milliseconds after the last change

export class OptionsForm {
  #info;
  /** @type {Chosen} */
  #chosen;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #form = h("form", {
    class: "fields",
    on: { submit: (event) => event.preventDefault(), input: () => this.#read() },
  });
  #summary = h("span", { class: "soft" });
  #verdict = h("p", { class: "note doubt", role: "status", hidden: true });

  /** @param {Info} info */
  constructor(info) {
    this.#info = info;
    this.#chosen = { ...usual(info), ...settings.get("options", {}) };
    const details = h(
      "details",
      { class: "options", open: settings.get("optionsOpen", false) },
      h("summary", {}, h("span", { class: "name" }, t("options.title")), this.#summary),
      this.#form,
      this.#verdict,
    );
    details.addEventListener("toggle", () => settings.set("optionsOpen", details.open));
    this.element = details;
    this.#draw();
  }

  /** Fields of a job. */
  values() {
    return jobFields(this.#info, this.#chosen);
  }

  #draw() {
    this.#chosen = possible(this.#info, this.#chosen);
    this.#form.replaceChildren(...fields(this.#info, this.#chosen));
    this.#summary.textContent = summary(this.#info, this.#chosen);
  }

  #read() {
    const before = this.#chosen;
    this.#chosen = { ...before, ...valuesIn(this.#form) };
    settings.set("options", this.#chosen);
    this.#summary.textContent = summary(this.#info, this.#chosen);
    const { backend, model } = this.#chosen;
    if (before.backend !== backend || before.model !== model) this.#redraw();
    this.#checkSoon();
  }

  #redraw() {
    const focused = controlsIn(this.#form).find((control) => control === document.activeElement);
    this.#draw();
    const same = controlsIn(this.#form).find(({ name }) => name === focused?.name);
    same?.focus();
  }

  #checkSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), SOON);
  }

  async #check() {
    const fine = { ok: true, message: null, hint: null };
    const { ok, message, hint } = await api.check(this.values()).catch(() => fine);
    this.#verdict.hidden = ok;
    this.#verdict.textContent = ok ? "" : [message, hint].filter(Boolean).join(": ");
  }
}

/**
 * Fields of the server's options; backend and model come after language and task.
 * @param {Info} info
 * @param {Chosen} chosen
 */
function fields(info, chosen) {
  const backend = backendOf(info, chosen);
  const options = formOptions(info).map((option) => optionField(info, option, chosen));
  return options.toSpliced(
    2,
    0,
    field(
      t("options.backend"),
      select(attributes("backend"), backendChoices(info), chosen.backend),
      help("backend", backend?.summary ?? "", missingBackends(info)),
    ),
    field(
      t("options.model"),
      select(attributes("model"), modelChoices(info, chosen), chosen.model),
      help("model", t("options.model.hint")),
    ),
  );
}

/**
 * @param {Info} info
 * @param {Option} option
 * @param {Chosen} chosen
 */
function optionField(info, option, chosen) {
  const { name } = option;
  const { reason } = allowance(backendOf(info, chosen), name);
  const rows = MULTILINE.includes(name) ? 2 : 1;
  const input = control(info, option, chosen, { prefix: "o", describedBy: `h-${name}`, rows });
  return field(labelOf(option), input, help(name, hintOf(option), reason));
}

/** @param {"backend" | "model"} name */
const attributes = (name) => ({ id: `o-${name}`, name, "aria-describedby": `h-${name}` });

/**
 * @param {Info} info
 * @returns {Choice[]}
 */
function backendChoices(info) {
  const choices = info.backends.map(({ name, usable }) => ({
    value: name,
    label: name,
    disabled: !usable,
  }));
  return [{ value: "", label: t("options.default", { name: info.backend }) }, ...choices];
}

/** @param {Info} info */
function missingBackends(info) {
  const names = info.backends.filter(({ usable }) => !usable).map(({ name }) => name);
  return names.length ? t("options.backend.missing", { names: names.join(", ") }) : null;
}

/**
 * @param {Info} info
 * @param {Chosen} chosen
 * @returns {Choice[]}
 */
function modelChoices(info, chosen) {
  const backend = backendOf(info, chosen);
  const isOther = chosen.backend && chosen.backend !== info.backend;
  const usual = (isOther ? backend?.default_model : info.model) ?? "";
  const models = modelsOf(info, backend);
  const grouped = new Set(models.map(({ family }) => family)).size > 1;
  const choices = models.map((model) => ({
    value: model.name,
    label: modelLabel(model),
    ...(grouped && { group: model.family_title }),
  }));
  return [{ value: "", label: t("options.default", { name: usual }) }, ...choices];
}

/**
 * @param {string} name
 * @param {string} hint
 * @param {string | null} [reason] for which the option cannot be chosen
 */
function help(name, hint, reason) {
  return h(
    "p",
    { class: "hint", id: `h-${name}` },
    hint,
    reason ? h("span", { class: "why" }, ` ${reason}`) : null,
  );
}
