// How to transcribe: a form that knows what each backend can do, and remembers.

import * as api from "../api.js";
import { h, put } from "../dom.js";
import { settings } from "../settings.js";
import { bytes, languageName, t } from "../strings/index.js";
import { languageChoices } from "./languages.js";

const EMPTY = {
  language: "",
  task: "transcribe",
  backend: "",
  model: "",
  speakers: "",
  language_per_chunk: false,
  initial_prompt: "",
  hotwords: "",
};

const SPEAKERS = ["", "some", "2", "3", "4", "5", "6", "7", "8"]; // not told apart; told apart; that many

/** {element, values()}: the form, and the fields of a job. */
export function optionsForm(info) {
  let chosen = { ...EMPTY, ...settings.get("options", {}) };
  const form = h("form", {
    class: "fields",
    on: { submit: (event) => event.preventDefault(), input: () => read() },
  });
  const summary = h("span", { class: "soft" });
  const verdict = h("p", { class: "note doubt", role: "status", hidden: true });

  function draw() {
    chosen = possible(info, chosen);
    form.replaceChildren(...fields(info, chosen));
    summary.textContent = summed(info, chosen);
  }

  function read() {
    const before = chosen;
    chosen = {
      ...chosen,
      ...Object.fromEntries(
        [...form.elements]
          .filter((one) => one.name && !one.disabled)
          .map((one) => [one.name, one.type === "checkbox" ? one.checked : one.value]),
      ),
    };
    settings.set("options", chosen);
    summary.textContent = summed(info, chosen);
    if (before.backend !== chosen.backend || before.model !== chosen.model) redraw();
    checkSoon();
  }

  function redraw() {
    const name = document.activeElement?.name;
    draw();
    form.elements[name]?.focus();
  }

  let timer = 0;
  function checkSoon() {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const answer = await api.check(asked(info, chosen)).catch(() => ({ ok: true }));
      put(verdict, "hidden", answer.ok);
      verdict.textContent = answer.ok
        ? ""
        : [answer.message, answer.hint].filter(Boolean).join(": ");
    }, 400);
  }

  draw();
  const element = h(
    "details",
    {
      class: "options",
      open: settings.get("optionsOpen", false),
      on: { toggle: (event) => settings.set("optionsOpen", event.target.open) },
    },
    h("summary", {}, h("span", { class: "name" }, t("options.title")), summary),
    form,
    verdict,
  );
  return { element, values: () => asked(info, chosen) };
}

function backendOf(info, chosen) {
  return info.backends.find((one) => one.name === (chosen.backend || info.backend));
}

function modelOf(info, chosen) {
  const backend = backendOf(info, chosen);
  const name = chosen.model || (chosen.backend ? backend?.default_model : info.model);
  return info.models.find((one) => one.name === name);
}

// What was remembered may not exist any more.
function possible(info, chosen) {
  const next = { ...chosen };
  if (!info.backends.some((one) => one.name === next.backend && one.usable)) next.backend = "";
  if (!SPEAKERS.includes(next.speakers)) next.speakers = "";
  const backend = backendOf(info, next);
  if (!info.models.some((one) => one.name === next.model && one.family === backend?.family))
    next.model = "";
  const languages = modelOf(info, next)?.languages ?? [];
  if (languages.length && !languages.includes(next.language))
    next.language = languages.length === 1 ? languages[0] : "";
  return next;
}

// The fields of a job. What the backend cannot do is left out, as the form shows.
function asked(info, chosen) {
  const can = backendOf(info, chosen)?.options ?? {};
  const allowed = (name) => can[name]?.allowed;
  const fields = {
    backend: chosen.backend || null,
    model: chosen.model || null,
    language: chosen.language || null,
  };
  if (chosen.task !== "transcribe" && can.task?.values.includes(chosen.task))
    fields.task = chosen.task;
  if (allowed("word_timestamps")) fields.word_timestamps = true;
  if (chosen.speakers && allowed("speakers"))
    Object.assign(fields, { speakers: true }, counted(chosen.speakers));
  if (chosen.language_per_chunk && allowed("language_per_chunk")) fields.language_per_chunk = true;
  for (const name of ["initial_prompt", "hotwords"])
    if (allowed(name) && chosen[name].trim()) fields[name] = chosen[name].trim();
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

// How many speakers there are, where the person knows.
const counted = (value) =>
  Number(value) ? { min_speakers: Number(value), max_speakers: Number(value) } : {};

function summed(info, chosen) {
  const parts = [
    chosen.language ? languageName(chosen.language) : t("options.language.auto"),
    chosen.task === "translate" ? t("options.task.translate") : null,
    chosen.backend || info.backend,
    modelOf(info, chosen)?.name ?? info.model,
    chosen.speakers && backendOf(info, chosen)?.options.speakers?.allowed
      ? speakersNamed(chosen.speakers)
      : null,
    chosen.initial_prompt.trim() || chosen.hotwords.trim() ? t("options.vocabulary") : null,
  ];
  return parts.filter(Boolean).join(" · ");
}

function fields(info, chosen) {
  const backend = backendOf(info, chosen);
  const can = backend?.options ?? {};
  return [
    select(
      "language",
      languageChoices(info, modelOf(info, chosen), backend?.options.language?.required),
      chosen.language,
      t("options.language.hint"),
    ),
    select(
      "task",
      ["transcribe", "translate"].map((name) => ({
        value: name,
        label: t(`options.task.${name}`),
        disabled: !can.task?.values.includes(name),
      })),
      chosen.task,
      t("options.task.hint"),
      can.task?.refused.translate,
    ),
    select("backend", backends(info), chosen.backend, backend?.summary ?? "", unusable(info)),
    select("model", models(info, backend, chosen), chosen.model, t("options.model.hint")),
    text("initial_prompt", chosen.initial_prompt, can.initial_prompt, "textarea"),
    text("hotwords", chosen.hotwords, can.hotwords, "input"),
    select(
      "speakers",
      SPEAKERS.map((value) => ({ value, label: speakersNamed(value) })),
      can.speakers?.allowed ? chosen.speakers : "",
      t("options.speakers.hint"),
      can.speakers?.allowed ? null : can.speakers?.reason,
      !can.speakers?.allowed,
    ),
    tick("language_per_chunk", chosen.language_per_chunk, can.language_per_chunk),
  ];
}

function speakersNamed(value) {
  return Number(value)
    ? t("options.speakers.count", { count: Number(value) })
    : t(value ? "options.speakers.some" : "options.speakers.none");
}

function backends(info) {
  return [
    { value: "", label: t("options.default", { name: info.backend }) },
    ...info.backends.map((one) => ({ value: one.name, label: one.name, disabled: !one.usable })),
  ];
}

function unusable(info) {
  const missing = info.backends.filter((one) => !one.usable).map((one) => one.name);
  return missing.length ? t("options.backend.missing", { names: missing.join(", ") }) : null;
}

function models(info, backend, chosen) {
  const fitting = info.models.filter((one) => one.family === backend?.family);
  const label = (one) =>
    [one.name, bytes(one.megabytes * 1e6), one.kept ? null : t("options.model.fetched")]
      .filter(Boolean)
      .join(" · ");
  const usual =
    (chosen.backend && chosen.backend !== info.backend ? backend?.default_model : info.model) ?? "";
  return [
    { value: "", label: t("options.default", { name: usual }) },
    ...fitting
      .toSorted((one, other) => other.kept - one.kept)
      .map((one) => ({ value: one.name, label: label(one) })),
  ];
}

function select(name, choices, value, hint, why = null, disabled = false) {
  const control = h(
    "select",
    { id: `o-${name}`, name, disabled, "aria-describedby": `h-${name}` },
    choices.map((one) =>
      h(
        "option",
        { value: one.value, selected: one.value === value, disabled: one.disabled },
        one.label,
      ),
    ),
  );
  return field(name, control, hint, why);
}

function text(name, value, can, tag) {
  const control = h(tag, {
    id: `o-${name}`,
    name,
    value,
    dir: "auto",
    rows: tag === "textarea" ? "2" : null,
    maxlength: "4000",
    disabled: !can?.allowed,
    "aria-describedby": `h-${name}`,
  });
  return field(name, control, t(`options.${name}.hint`), can?.allowed ? null : can?.reason);
}

function field(name, control, hint, why) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, t(`options.${name}`)),
    control,
    help(name, hint, why),
  );
}

function tick(name, value, can) {
  return h(
    "div",
    { class: "field check" },
    h("input", {
      id: `o-${name}`,
      name,
      type: "checkbox",
      checked: value && can?.allowed,
      disabled: !can?.allowed,
      "aria-describedby": `h-${name}`,
    }),
    h("label", { for: `o-${name}` }, t(`options.${name}`)),
    help(name, t(`options.${name}.hint`), can?.allowed ? null : can?.reason),
  );
}

function help(name, hint, why) {
  return h(
    "p",
    { class: "hint", id: `h-${name}` },
    hint,
    why ? h("span", { class: "why" }, ` ${why}`) : null,
  );
}
