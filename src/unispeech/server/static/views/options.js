// How to transcribe: a form that knows what each backend can do, and remembers.

/** @import { Allowed, Backend, Info } from "../service.d.ts" */
/** @import { Chosen } from "./chosen.js" */
/** @import { Choice } from "./languages.js" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { settings } from "../settings.js";
import { bytes, t } from "../strings/index.js";
import {
  allowance,
  backendOf,
  EMPTY,
  jobFields,
  modelOf,
  possible,
  SPEAKERS,
  speakersLabel,
  summary,
} from "./chosen.js";
import { languageChoices } from "./languages.js";

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
    this.#chosen = { ...EMPTY, ...settings.get("options", {}) };
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

  /** The fields of a job. */
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
    this.#chosen = { ...before, ...Object.fromEntries(controls(this.#form).map(entry)) };
    settings.set("options", this.#chosen);
    this.#summary.textContent = summary(this.#info, this.#chosen);
    const { backend, model } = this.#chosen;
    if (before.backend !== backend || before.model !== model) this.#redraw();
    this.#checkSoon();
  }

  #redraw() {
    const focused = controls(this.#form).find((one) => one === document.activeElement);
    this.#draw();
    const same = controls(this.#form).find(({ name }) => name === focused?.name);
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

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/**
 * @param {HTMLFormElement} form
 * @returns {Control[]}
 */
const controls = (form) =>
  Array.from(form.querySelectorAll(":is(input, select, textarea):enabled"));

/**
 * @param {Control} control
 * @returns {[name: string, value: string | boolean]}
 */
function entry(control) {
  const isTick = control instanceof HTMLInputElement && control.type === "checkbox";
  return [control.name, isTick ? control.checked : control.value];
}

/**
 * @param {Info} info
 * @param {Chosen} chosen
 */
function fields(info, chosen) {
  const backend = backendOf(info, chosen);
  const model = modelOf(info, chosen);
  const speakers = allowance(backend, "speakers");
  const isLanguageRequired = backend?.options.language.required;
  return [
    select("language", languageChoices(info, model, isLanguageRequired), chosen.language),
    select("task", taskChoices(backend), chosen.task, {
      reason: backend?.options.task.refused.translate,
    }),
    select("backend", backendChoices(info), chosen.backend, {
      hint: backend?.summary ?? "",
      reason: missingBackends(info),
    }),
    select("model", modelChoices(info, chosen), chosen.model),
    text("textarea", "initial_prompt", chosen.initial_prompt, allowance(backend, "initial_prompt")),
    text("input", "hotwords", chosen.hotwords, allowance(backend, "hotwords")),
    select(
      "speakers",
      SPEAKERS.map((value) => ({ value, label: speakersLabel(value) })),
      speakers.allowed ? chosen.speakers : "",
      { reason: speakers.reason, disabled: !speakers.allowed },
    ),
    tick("language_per_chunk", chosen.language_per_chunk, allowance(backend, "language_per_chunk")),
  ];
}

/**
 * @param {Backend | undefined} backend
 * @returns {Choice[]}
 */
function taskChoices(backend) {
  const values = backend?.options.task.values ?? [];
  return ["transcribe", "translate"].map((value) => ({
    value,
    label: t(`options.task.${value}`),
    disabled: !values.includes(value),
  }));
}

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
  const choices = info.models
    .filter(({ family }) => family === backend?.family)
    .toSorted((a, b) => Number(b.kept) - Number(a.kept))
    .map(({ name, megabytes, kept }) => {
      const parts = [name, bytes(megabytes * 1e6), kept ? "" : t("options.model.fetched")];
      return { value: name, label: parts.filter(Boolean).join(" · ") };
    });
  return [{ value: "", label: t("options.default", { name: usual }) }, ...choices];
}

/**
 * @param {string} name
 * @param {Choice[]} choices
 * @param {string} value
 * @param {{ hint?: string, reason?: string | null, disabled?: boolean }} [more]
 */
function select(name, choices, value, { hint, reason, disabled = false } = {}) {
  const options = choices.map((choice) =>
    h(
      "option",
      { value: choice.value, selected: choice.value === value, disabled: choice.disabled },
      choice.label,
    ),
  );
  const control = h(
    "select",
    { id: `o-${name}`, name, disabled, "aria-describedby": `h-${name}` },
    options,
  );
  return field(name, control, help(name, reason, hint));
}

/**
 * @param {"input" | "textarea"} tag
 * @param {string} name
 * @param {string} value
 * @param {Allowed} allowance
 */
function text(tag, name, value, { allowed, reason }) {
  const control = h(tag, {
    id: `o-${name}`,
    name,
    value,
    dir: "auto",
    rows: tag === "textarea" ? "2" : null,
    maxlength: "4000",
    disabled: !allowed,
    "aria-describedby": `h-${name}`,
  });
  return field(name, control, help(name, reason));
}

/**
 * @param {string} name
 * @param {HTMLElement} control
 * @param {HTMLElement} help
 */
function field(name, control, help) {
  const label = h("label", { for: control.id }, t(`options.${name}`));
  return h("div", { class: "field" }, label, control, help);
}

/**
 * @param {string} name
 * @param {boolean} value
 * @param {Allowed} allowance
 */
function tick(name, value, { allowed, reason }) {
  const control = h("input", {
    id: `o-${name}`,
    name,
    type: "checkbox",
    checked: value && allowed,
    disabled: !allowed,
    "aria-describedby": `h-${name}`,
  });
  return h(
    "div",
    { class: "field check" },
    control,
    h("label", { for: control.id }, t(`options.${name}`)),
    help(name, reason),
  );
}

/**
 * @param {string} name
 * @param {string | null} [reason] for which the option cannot be chosen
 * @param {string} [hint]
 */
function help(name, reason, hint = t(`options.${name}.hint`)) {
  return h(
    "p",
    { class: "hint", id: `h-${name}` },
    hint,
    reason ? h("span", { class: "why" }, ` ${reason}`) : null,
  );
}
