// Decoding a part again, with another model or backend; the result takes the place of what is there.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { pause } from "../events.js";
import { complain, say } from "../messages.js";
import { t } from "../strings/index.js";
import { clock, seconds } from "../transcript/times.js";
import { languageChoices } from "../views/languages.js";

/** Asks how and does it. `saved` is waited for first: the server decodes what it knows. */
export async function decodeAgain(job, span, { saved, changed, compare }, signal) {
  const info = await api.info();
  const fields = form(job, span, info);
  const answer = await ask({
    title: t("again.title"),
    content: [h("p", { class: "soft" }, t("again.text")), fields.element],
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("again.go"), value: "go", kind: "main" },
    ],
  });
  if (!answer) return;
  await saved();
  const range = await api.decodeAgain(job.id, fields.values());
  say(t("again.going", { start: clock(range.range[0]), end: clock(range.range[1]) }));
  await until(range, changed, compare, signal);
}

async function until(range, changed, compare, signal) {
  let now = range;
  while (!["done", "failed", "cancelled"].includes(now.state)) {
    await pause(700, signal);
    if (signal.aborted) return;
    now = await api.job(range.id).catch((error) => {
      if (error.status) throw error;
      return now;
    });
  }
  if (now.state === "failed") return complain(new Error(t("again.failed", { reason: now.error })));
  if (now.state !== "done") return;
  if (now.applied === null) await compare(now);
  else await changed(now);
}

function form(job, span, info) {
  const time = (id, value) =>
    h("input", {
      id,
      value: clock(value, 2),
      required: true,
      dir: "ltr",
      inputmode: "decimal",
      autofocus: id === "a-start",
    });
  const [start, end] = [time("a-start", span.start), time("a-end", span.end)];
  const backend = h(
    "select",
    { id: "a-backend" },
    info.backends.map((one) =>
      h(
        "option",
        { value: one.name, disabled: !one.usable, selected: one.name === job.backend },
        one.name,
      ),
    ),
  );
  const model = h("select", { id: "a-model" });
  const language = h("select", { id: "a-language" });
  const words = h("input", {
    id: "a-prompt",
    dir: "auto",
    maxlength: "4000",
    value: job.options.initial_prompt ?? "",
    "aria-describedby": "a-why",
  });
  const why = h("p", { class: "why", id: "a-why" });
  const chosen = () => info.backends.find((one) => one.name === backend.value);
  const fitLanguage = () => {
    const before = language.value || job.options.language;
    const known = info.models.find((one) => one.name === (model.value || job.model));
    fill(language, languageChoices(info, known, chosen().options.language.required), before);
  };
  const fitModel = () => {
    fill(model, modelChoices(job, info, chosen()), model.value || job.model);
    words.disabled = !chosen().options.initial_prompt.allowed;
    why.textContent = words.disabled ? chosen().options.initial_prompt.reason : "";
    fitLanguage();
  };
  const judge = () => {
    for (const one of [start, end])
      one.setCustomValidity(Number.isNaN(seconds(one.value)) ? t("times.form") : "");
    if (seconds(end.value) <= seconds(start.value)) end.setCustomValidity(t("again.times"));
  };
  for (const input of [start, end]) input.addEventListener("input", judge);
  backend.addEventListener("change", fitModel);
  model.addEventListener("change", fitLanguage);
  fitModel();
  const field = (label, control, ...more) =>
    h("div", { class: "field" }, h("label", { for: control.id }, label), control, ...more);
  return {
    element: h(
      "div",
      { class: "pairs" },
      field(t("times.start"), start),
      field(t("times.end"), end),
      field(t("options.backend"), backend),
      field(t("options.model"), model),
      field(t("options.language"), language),
      field(t("options.initial_prompt"), words, why),
    ),
    // What is undefined stays as it was for the whole recording; null takes it away.
    values: () => ({
      start: seconds(start.value),
      end: seconds(end.value),
      backend: backend.value,
      model: model.value || undefined,
      language: language.value || null,
      word_timestamps: chosen().options.word_timestamps.allowed,
      initial_prompt: (!words.disabled && words.value.trim()) || null,
    }),
  };
}

function fill(select, choices, value) {
  select.replaceChildren(...choices.map((one) => h("option", { value: one.value }, one.label)));
  if (choices.some((one) => one.value === value)) select.value = value;
}

// Those of the backend's family, what is here first; where the recording's own is not in the catalog, that one.
function modelChoices(job, info, backend) {
  const fitting = info.models
    .filter((one) => one.family === backend.family)
    .toSorted((one, other) => other.kept - one.kept);
  const named = fitting.map((one) => ({
    value: one.name,
    label: one.kept ? one.name : `${one.name} · ${t("options.model.fetched")}`,
  }));
  const own = backend.name === job.backend && !fitting.some((one) => one.name === job.model);
  return own ? [{ value: "", label: job.model }, ...named] : named;
}
