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
  changed,
  formOptions,
  jobFields,
  modelLabel,
  modelName,
  modelsOf,
  restored,
  summary,
} from "./chosen.js";
import { control, controlsIn, field, hintOf, labelOf, select, valuesIn } from "./optioncontrols.js";
import { hasQualities, qualities } from "./quality.js";
import { VocabularyField } from "./vocabulary.js";

const MAIN = ["language", "speakers"];
const MULTILINE = ["initial_prompt", "replacements"];
const SOON = 400; // milliseconds after the last change

export class OptionsForm {
  #info;
  /** @type {Chosen} */
  #chosen;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #main = h("div", { class: "fields" });
  /** @type {VocabularyField} */
  #vocabulary;
  #more = h("div", { class: "fields" });
  #summary = h("span", { class: "soft" });
  #verdict = h("p", { class: "note doubt", role: "status", hidden: true });
  #form = h(
    "form",
    { on: { submit: (event) => event.preventDefault(), input: () => this.#read() } },
    this.#main,
    details(this.#summary, this.#more),
    this.#verdict,
  );

  /** @param {Info} info */
  constructor(info) {
    this.#info = info;
    this.#chosen = restored(info, settings.get("options", {}));
    this.#vocabulary = new VocabularyField({
      id: "o-vocabulary",
      chosen: this.#chosen.vocabulary,
      hint: t("vocabulary.hint"),
      onChange: () => this.#read(),
    });
    this.element = h("section", { class: "options", "aria-label": t("options.title") }, this.#form);
    this.#draw();
  }

  /** Show the vocabulary lists of the server. */
  load() {
    return this.#vocabulary.load();
  }

  /** Fields of a job. */
  values() {
    return jobFields(this.#info, this.#chosen);
  }

  #draw() {
    const chosen = this.#chosen;
    const { main, more } = fields(this.#info, chosen);
    this.#vocabulary.allow(allowance(backendOf(this.#info, chosen), "hotwords"));
    this.#main.replaceChildren(...main, this.#vocabulary.element);
    this.#more.replaceChildren(...more);
    this.#summary.textContent = summary(this.#info, chosen);
  }

  #read() {
    const before = this.#chosen;
    const values = { ...valuesIn(this.#form), vocabulary: this.#vocabulary.value };
    this.#chosen = changed(this.#info, before, values);
    settings.set("options", this.#chosen);
    this.#summary.textContent = summary(this.#info, this.#chosen);
    const isSame = /** @type {const} */ (["backend", "model", "quality", "language"]).every(
      (name) => before[name] === this.#chosen[name],
    );
    if (!isSame) this.#redraw();
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
 * What lies behind "More options", which stays open once opened.
 * @param {HTMLElement} summary
 * @param {HTMLElement} content
 */
function details(summary, content) {
  const details = h(
    "details",
    { open: settings.get("optionsOpen", false) },
    h("summary", {}, h("span", { class: "name" }, t("options.more")), summary),
    content,
  );
  details.addEventListener("toggle", () => settings.set("optionsOpen", details.open));
  return details;
}

/**
 * Fields of language, quality and speakers, and of everything else.
 * @param {Info} info
 * @param {Chosen} chosen
 */
function fields(info, chosen) {
  const backend = backendOf(info, chosen);
  const options = formOptions(info);
  const isMain = options.map(({ name }) => MAIN.includes(name));
  const drawn = options.map((option) => optionField(info, option, chosen));
  const main = drawn.filter((_, index) => isMain[index]);
  const more = drawn.filter((_, index) => !isMain[index]);
  return {
    main: main.toSpliced(1, 0, ...qualityField(info, chosen)),
    more: [
      field(
        t("options.backend"),
        select(attributes("backend"), backendChoices(info), chosen.backend),
        help("backend", backend?.summary ?? ""),
      ),
      field(
        t("options.model"),
        select(attributes("model"), modelChoices(info, chosen), chosen.model),
        help("model", t("options.model.hint")),
      ),
      ...more,
    ],
  };
}

/**
 * The field of the quality, unless the server has one model.
 * @param {Info} info
 * @param {Chosen} chosen
 */
function qualityField(info, chosen) {
  const choices = Object.keys(qualities(info, chosen.language)).map((value) => ({
    value,
    label: t(`options.quality.${value}`),
  }));
  if (!chosen.quality) choices.push({ value: "", label: t("options.quality.own") });
  if (choices.length < 2 && !hasQualities(info)) return [];
  return [
    field(
      t("options.quality"),
      select(attributes("quality"), choices, chosen.quality),
      help("quality", t("options.quality.hint", { model: modelName(info, chosen) })),
    ),
  ];
}

/**
 * @param {Info} info
 * @param {Option} option
 * @param {Chosen} chosen
 */
function optionField(info, option, chosen) {
  const { name } = option;
  const reason = reasonAgainst(info, name, chosen);
  const rows = MULTILINE.includes(name) ? 2 : 1;
  const input = control(info, option, chosen, { prefix: "o", describedBy: `h-${name}`, rows });
  return field(labelOf(option), input, help(name, hintOf(option), reason));
}

/**
 * Why an option cannot be chosen, without the advice for the operator of the server.
 * @param {Info} info
 * @param {string} name
 * @param {Chosen} chosen
 */
function reasonAgainst(info, name, chosen) {
  const { allowed, reason } = allowance(backendOf(info, chosen), name);
  if (name === "speakers") return allowed ? null : t("options.speakers.unavailable");
  return reason?.split("; ")[0] ?? null;
}

/** @param {"backend" | "model" | "quality"} name */
const attributes = (name) => ({ id: `o-${name}`, name, "aria-describedby": `h-${name}` });

/**
 * @param {Info} info
 * @returns {Choice[]}
 */
function backendChoices(info) {
  const usable = info.backends.filter(({ usable }) => usable);
  const choices = usable.map(({ name }) => ({ value: name, label: name }));
  return [{ value: "", label: t("options.default", { name: info.backend }) }, ...choices];
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
