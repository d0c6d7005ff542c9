// Options chosen for new recordings, checked against the server. Pure functions.

/** @import { Backend, Info, Model, Option } from "../service.d.ts" */
/** @import { Quality } from "./quality.js" */

import { bytes, t } from "../strings/index.js";
import { languagesOf, qualities } from "./quality.js";

/** Choices for the number of speakers: "" does not distinguish them, "some" detects the number. */
export const SPEAKERS = ["", "some", "2", "3", "4", "5", "6", "7", "8"];
const BOUNDS = ["min_speakers", "max_speakers"]; // set by the control of `speakers`

/** @typedef {{ [option: string]: string | boolean }} Values of controls by option; "" is unset. */
/** @typedef {{ backend: string, model: string }} Engine "" is the default of the server or backend. */
/** @typedef {{ language: string, speakers: string, quality: Quality | "", vocabulary: string }} Main `quality` "" is an engine chosen by hand; `vocabulary` has names separated by commas. */
/** @typedef {Engine & Main & Values} Chosen */

/**
 * Options of the form for new recordings.
 * @param {Info} info
 */
export const formOptions = (info) =>
  info.options.filter(({ name, page }) => page && !BOUNDS.includes(name));

/**
 * Default choice.
 * @param {Info} info
 * @returns {Chosen}
 */
export function usual(info) {
  const values = formOptions(info).map((option) => [option.name, written(option.default)]);
  const languages = modelOf(info, { backend: "", model: "" })?.languages ?? [];
  const language = languages.length === 1 ? languages[0] : "";
  const engine = { backend: "", model: "", quality: /** @type {const} */ ("balanced") };
  return { ...Object.fromEntries(values), ...engine, language, speakers: "", vocabulary: "" };
}

/**
 * A stored choice, completed.
 * @param {Info} info
 * @param {Partial<Chosen>} stored
 * @returns {Chosen}
 */
export function restored(info, stored) {
  const quality = stored.backend || stored.model ? "" : "balanced";
  return possible(info, Object.assign(usual(info), { quality }, stored));
}

/**
 * The choice after values have changed. A backend or model of the user's own replaces the quality.
 * @param {Info} info
 * @param {Chosen} before
 * @param {Values} values
 */
export function changed(info, before, values) {
  const next = /** @type {Chosen} */ ({ ...before, ...values });
  if (next.backend !== before.backend || next.model !== before.model)
    next.quality = next.backend || next.model ? "" : "balanced";
  return possible(info, next);
}

/**
 * Value of an option for its control.
 * @param {Option["default"] | undefined} value
 */
export const written = (value) => (typeof value === "boolean" ? value : String(value ?? ""));

/**
 * Value of an option for a request; null is unset.
 * @param {Option} option
 * @param {string | boolean} value
 */
export function parsed({ type }, value) {
  if (typeof value === "boolean") return value;
  const text = value.trim();
  if (text === "") return null;
  return type === "text" ? text : Number(text);
}

/**
 * The chosen backend, with the options that it has for the chosen model's family.
 * @param {Info} info
 * @param {Engine} chosen
 */
export function backendOf(info, chosen) {
  const name = chosen.backend || info.backend;
  const backend = info.backends.find((backend) => backend.name === name);
  const model = chosen.model || (chosen.backend ? backend?.default_model : info.model);
  const family = info.models.find(({ name }) => name === model)?.family ?? "";
  const options = backend?.families?.[family];
  return backend && options ? { ...backend, family, options } : backend;
}

/**
 * The models that a backend runs, downloaded ones first in each family.
 * @param {Info} info
 * @param {Backend | undefined} backend
 */
export function modelsOf(info, backend) {
  const families = Object.keys(backend?.families ?? { [backend?.family ?? ""]: {} });
  return info.models
    .filter(({ family }) => families.includes(family))
    .toSorted(
      (a, b) =>
        families.indexOf(a.family) - families.indexOf(b.family) || Number(b.kept) - Number(a.kept),
    );
}

/**
 * A model's label: its name, size, and what is to be known before it is downloaded.
 * @param {Model} model
 */
export function modelLabel({ name, megabytes, kept, licence, commercial }) {
  const parts = [
    name,
    bytes(megabytes * 1e6),
    kept ? "" : t("options.model.fetched"),
    commercial ? "" : t("options.model.noncommercial", { licence }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/**
 * @param {Info} info
 * @param {Engine} chosen
 */
export function modelOf(info, chosen) {
  const usual = chosen.backend ? backendOf(info, chosen)?.default_model : info.model;
  const name = chosen.model || usual;
  return info.models.find((model) => model.name === name);
}

/**
 * Verdict on an option for a backend; `reason` explains unsupported options or values.
 * @param {Backend | undefined} backend
 * @param {string} name
 */
export function allowance(backend, name) {
  const verdict = backend?.options[name];
  if (!verdict) return { allowed: false, reason: null };
  if ("allowed" in verdict) return verdict;
  return { allowed: true, reason: Object.values(verdict.refused).join(" ") };
}

/**
 * True if a backend supports a value of an option.
 * @param {Backend | undefined} backend
 * @param {string} name
 * @param {string | boolean} value
 */
export function takes(backend, name, value) {
  const verdict = backend?.options[name];
  if (verdict && "values" in verdict) return verdict.values.includes(String(value));
  return verdict?.allowed ?? false;
}

/**
 * The choice without values that no longer exist.
 * @param {Info} info
 * @param {Chosen} chosen
 * @returns {Chosen}
 */
export function possible(info, chosen) {
  /** @type {Chosen} */
  const next = { ...chosen, ...engineOfQuality(info, chosen) };
  if (!info.backends.some(({ name, usable }) => name === next.backend && usable)) next.backend = "";
  if (!SPEAKERS.includes(next.speakers)) next.speakers = "";
  const family = backendOf(info, next)?.family;
  if (!info.models.some((model) => model.name === next.model && model.family === family))
    next.model = "";
  const languages = modelOf(info, next)?.languages ?? [];
  if (languages.length && !languages.includes(next.language))
    next.language = languages.length === 1 ? languages[0] : "";
  for (const { name, choices, default: usual } of formOptions(info))
    if (choices.length && !choices.includes(String(next[name]))) next[name] = written(usual);
  return next;
}

/**
 * The engine of the chosen quality, with a language and quality that exist.
 * @param {Info} info
 * @param {Chosen} chosen
 */
function engineOfQuality(info, { quality, language: wanted }) {
  if (!quality) return {};
  const codes = languagesOf(info);
  const isKnown = !wanted || !codes.length || codes.includes(wanted);
  const language = isKnown ? wanted : usual(info).language;
  const offered = qualities(info, language);
  const possible = offered[quality] ? quality : "balanced";
  return { language, quality: possible, ...offered[possible] };
}

/**
 * Fields of a job, without the options that the backend does not support.
 * @param {Info} info
 * @param {Chosen} chosen
 */
export function jobFields(info, chosen) {
  const backend = backendOf(info, chosen);
  /** @type {Record<string, string | number | boolean>} */
  const fields = {};
  for (const name of /** @type {const} */ (["backend", "model"]))
    if (chosen[name]) fields[name] = chosen[name];
  if (allowance(backend, "word_timestamps").allowed) fields.word_timestamps = true;
  for (const option of formOptions(info)) {
    const { name } = option;
    const value = name === "speakers" ? chosen.speakers !== "" : parsed(option, chosen[name]);
    if (value === null || value === option.default || !takes(backend, name, chosen[name])) continue;
    fields[name] = value;
    if (name === "speakers") Object.assign(fields, speakerBounds(chosen.speakers));
  }
  if (chosen.vocabulary && allowance(backend, "hotwords").allowed)
    fields.vocabulary = chosen.vocabulary;
  return fields;
}

/**
 * Fields for a known number of speakers.
 * @param {string} speakers
 */
function speakerBounds(speakers) {
  const count = Number(speakers);
  return count ? { min_speakers: count, max_speakers: count } : {};
}

/**
 * Short summary of what is chosen beside language, quality and speakers.
 * @param {Info} info
 * @param {Chosen} chosen
 */
export function summary(info, chosen) {
  const hasVocabulary = ["initial_prompt", "hotwords"].some((name) =>
    chosen[name]?.toString().trim(),
  );
  const parts = [
    chosen.task === "translate" ? t("options.task.translate") : "",
    chosen.quality ? "" : chosen.backend || info.backend,
    chosen.quality ? "" : modelName(info, chosen),
    hasVocabulary ? t("options.vocabulary") : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @type {(info: Info, chosen: Engine) => string} */
export const modelName = (info, chosen) => modelOf(info, chosen)?.name ?? info.model;

/** @param {string} speakers */
export function speakersLabel(speakers) {
  const count = Number(speakers);
  if (count) return t("options.speakers.count", { count });
  return t(speakers ? "options.speakers.some" : "options.speakers.none");
}
