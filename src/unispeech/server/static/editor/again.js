// Decode a part or the whole recording again, with another model or backend.

/** @import { Backend, Info, JobShown, Option } from "../service.d.ts" */
/** @import { Engine, Values } from "../views/chosen.js" */
/** @import { Choice } from "../views/languages.js" */

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { pause } from "../events.js";
import { complain, say } from "../messages.js";
import { t } from "../strings/index.js";
import { clock, seconds } from "../transcript/times.js";
import { allowance, backendOf, modelLabel, modelsOf, parsed, written } from "../views/chosen.js";
import { control, field, labelOf, valuesIn } from "../views/optioncontrols.js";
import { VocabularyField } from "../views/vocabulary.js";

const LOOK = 700; // milliseconds between two checks of the job

/** @typedef {{ start: number, end: number }} Span */

/**
 * Ask for the options, decode, and return the finished job, or null if it was cancelled. Waits for `save`
 * first, because the server merges the result into the saved text.
 * @param {JobShown} job
 * @param {Span} span
 * @param {() => Promise<void>} save
 * @param {AbortSignal} signal
 */
export async function decodeAgain(job, span, save, signal) {
  const info = await api.info();
  const form = new AgainForm(job, span, info);
  form.load();
  const answer = await ask({
    title: t("again.title"),
    content: [h("p", { class: "soft" }, t("again.text")), form.element],
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("again.go"), value: "go", kind: "main" },
    ],
  });
  if (!answer) return null;
  await save();
  const values = form.values();
  const range = await api.decodeAgain(job.id, values);
  say(t("again.going", { start: clock(values.start), end: clock(values.end ?? span.end) }));
  return finished(range, signal);
}

/**
 * Ask for the options and transcribe the whole recording again. The text stays until the new one is complete.
 * Returns the running job, or null if the user cancels.
 * @param {JobShown} job
 * @param {() => Promise<void>} save
 */
export async function transcribeAgain(job, save) {
  const form = new AgainForm(job, null, await api.info());
  form.load();
  const answer = await ask({
    title: t("restart.title"),
    content: [h("p", { class: "soft" }, t("restart.text")), form.element],
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("restart.go"), value: "go", kind: "main" },
    ],
  });
  if (!answer) return null;
  await save();
  return api.decodeAgain(job.id, form.values());
}

/**
 * Wait for the end of a job; null if it was stopped.
 * @param {JobShown} job
 * @param {AbortSignal} signal
 */
async function finished(job, signal) {
  let now = job;
  while (now.state === "queued" || now.state === "running") {
    await pause(LOOK, signal);
    if (signal.aborted) return null;
    now = await api.job(job.id).catch((error) => {
      if (api.statusOf(error)) throw error;
      return now;
    });
  }
  if (now.state === "failed") throw new Error(t("again.failed", { reason: now.error }));
  return now.state === "done" ? now : null;
}

/** Form of the engine and the options, and of the times of a range. */
export class AgainForm {
  #job;
  #info;
  #options;
  /** @type {Values} */
  #chosen;
  /** @type {HTMLElement[]} */
  #fields = [];
  #times;
  #backend;
  #model = h("select", { id: "a-model" });
  #vocabulary = new VocabularyField({
    id: "a-vocabulary",
    chosen: "",
    hint: t("vocabulary.again"),
  });

  /**
   * @param {JobShown} job
   * @param {Span | null} span null is the whole recording
   * @param {Info} info
   */
  constructor(job, span, info) {
    this.#job = job;
    this.#info = info;
    this.#options = info.options.filter(({ again }) => again);
    this.#chosen = Object.fromEntries(
      this.#options.map(({ name, default: usual }) => [name, written(job.options[name] ?? usual)]),
    );
    this.#times = span
      ? { start: timeInput("a-start", span.start), end: timeInput("a-end", span.end) }
      : null;
    (this.#times?.start ?? this.#model).autofocus = true;
    this.#backend = h(
      "select",
      { id: "a-backend" },
      info.backends.map(({ name, usable }) =>
        h("option", { value: name, disabled: !usable, selected: name === job.backend }, name),
      ),
    );
    this.element = h(
      "div",
      { class: "pairs" },
      this.#times && field(t("times.start"), this.#times.start),
      this.#times && field(t("times.end"), this.#times.end),
      field(t("options.backend"), this.#backend),
      field(t("options.model"), this.#model),
      this.#vocabulary.element,
    );
    for (const input of Object.values(this.#times ?? {}))
      input.addEventListener("input", () => this.#judgeTimes());
    this.#backend.addEventListener("change", () => this.#fitBackend());
    this.#model.addEventListener("change", () => this.#fitOptions());
    this.#fitBackend();
  }

  /** Show the vocabulary lists of the server. */
  load() {
    this.#vocabulary.load().catch(complain);
  }

  /** Fields of the request. Undefined keeps the whole recording's value; null removes it. */
  values() {
    const values = valuesIn(this.element);
    const vocabulary = this.#vocabulary.value;
    const options = this.#options.map((option) => [
      option.name,
      parsed(option, values[option.name] ?? ""), // a disabled control has no value
    ]);
    return {
      start: this.#times ? seconds(this.#times.start.value) : 0,
      end: this.#times ? seconds(this.#times.end.value) : null,
      backend: this.#backend.value,
      model: this.#model.value || undefined,
      word_timestamps: allowance(backendOf(this.#info, this.#engine), "word_timestamps").allowed,
      ...Object.fromEntries(options),
      ...(vocabulary && { vocabulary }),
    };
  }

  /** @returns {Engine} */
  get #engine() {
    return { backend: this.#backend.value, model: this.#model.value || this.#job.model };
  }

  #fitBackend() {
    const backend = backendOf(this.#info, this.#engine);
    if (!backend) return;
    const choices = modelChoices(this.#job, this.#info, backend);
    fill(this.#model, choices, this.#model.value || this.#job.model);
    this.#fitOptions();
  }

  #fitOptions() {
    Object.assign(this.#chosen, valuesIn(this.element));
    for (const field of this.#fields) field.remove();
    this.#fields = this.#options.map((option) => this.#field(option));
    this.#vocabulary.allow(allowance(backendOf(this.#info, this.#engine), "hotwords"));
    this.element.append(...this.#fields, this.#vocabulary.element);
  }

  /** @param {Option} option */
  #field(option) {
    const { reason } = allowance(backendOf(this.#info, this.#engine), option.name);
    const why = reason ? h("p", { class: "why", id: `a-why-${option.name}` }, reason) : null;
    const about = { prefix: "a", describedBy: why?.id };
    const input = control(this.#info, option, { ...this.#chosen, ...this.#engine }, about);
    return field(labelOf(option), input, why);
  }

  #judgeTimes() {
    if (!this.#times) return;
    const { start, end } = this.#times;
    for (const input of [start, end])
      input.setCustomValidity(Number.isNaN(seconds(input.value)) ? t("times.form") : "");
    if (seconds(end.value) <= seconds(start.value)) end.setCustomValidity(t("again.times"));
  }
}

/** @type {(id: string, time: number) => HTMLInputElement} */
function timeInput(id, time) {
  return h("input", {
    id,
    value: clock(time, 2),
    required: true,
    dir: "ltr",
    inputmode: "decimal",
  });
}

/**
 * @param {HTMLSelectElement} select
 * @param {Choice[]} choices
 * @param {string | null | undefined} value kept if it is among them
 */
function fill(select, choices, value) {
  select.replaceChildren(...choices.map(({ value, label }) => h("option", { value }, label)));
  const choice = choices.find((choice) => choice.value === value);
  if (choice) select.value = choice.value;
}

/**
 * Models of the backend, downloaded ones first in each family. The recording's own model leads if it is not in the
 * catalog.
 * @param {JobShown} job
 * @param {Info} info
 * @param {Backend} backend
 * @returns {Choice[]}
 */
function modelChoices(job, info, backend) {
  const models = modelsOf(info, backend);
  const choices = models.map((model) => ({ value: model.name, label: modelLabel(model) }));
  const isOwn = backend.name === job.backend && !models.some(({ name }) => name === job.model);
  return isOwn ? [{ value: "", label: job.model }, ...choices] : choices;
}
