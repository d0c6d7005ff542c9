// The options that somebody has chosen for new recordings, against what the server has. Pure functions.

/** @import { Backend, Info } from "../service.d.ts" */

import { languageName, t } from "../strings/index.js";

/** The numbers of speakers to choose from: "" tells none apart, "some" an unknown number. */
export const SPEAKERS = ["", "some", "2", "3", "4", "5", "6", "7", "8"];

export const EMPTY = {
  language: "",
  task: "transcribe",
  backend: "", // the server's
  model: "", // the server's, or that of the backend
  speakers: "",
  language_per_chunk: false,
  initial_prompt: "",
  hotwords: "",
};

/** @typedef {typeof EMPTY} Chosen */

/**
 * @param {Info} info
 * @param {Chosen} chosen
 */
export function backendOf(info, chosen) {
  const name = chosen.backend || info.backend;
  return info.backends.find((backend) => backend.name === name);
}

/**
 * @param {Info} info
 * @param {Chosen} chosen
 */
export function modelOf(info, chosen) {
  const usual = chosen.backend ? backendOf(info, chosen)?.default_model : info.model;
  const name = chosen.model || usual;
  return info.models.find((model) => model.name === name);
}

/**
 * Whether a backend takes an option; `reason` says why not.
 * @param {Backend | undefined} backend
 * @param {Exclude<keyof Backend["options"], "task">} name
 */
export function allowance(backend, name) {
  return backend?.options[name] ?? { allowed: false, reason: null };
}

/**
 * The same options without what does not exist any more.
 * @param {Info} info
 * @param {Chosen} chosen
 * @returns {Chosen}
 */
export function possible(info, chosen) {
  const next = { ...chosen };
  if (!info.backends.some(({ name, usable }) => name === next.backend && usable)) next.backend = "";
  if (!SPEAKERS.includes(next.speakers)) next.speakers = "";
  const family = backendOf(info, next)?.family;
  if (!info.models.some((model) => model.name === next.model && model.family === family))
    next.model = "";
  const languages = modelOf(info, next)?.languages ?? [];
  if (languages.length && !languages.includes(next.language))
    next.language = languages.length === 1 ? languages[0] : "";
  return next;
}

/**
 * The fields of a job. What the backend cannot do is left out, as the form shows.
 * @param {Info} info
 * @param {Chosen} chosen
 */
export function jobFields(info, chosen) {
  const backend = backendOf(info, chosen);
  /** @param {Parameters<typeof allowance>[1]} name */
  const isAllowed = (name) => allowance(backend, name).allowed;
  /** @type {Record<string, string | number | boolean>} */
  const fields = {};
  for (const name of /** @type {const} */ (["backend", "model", "language"]))
    if (chosen[name]) fields[name] = chosen[name];
  const isUsualTask = chosen.task === EMPTY.task;
  if (!isUsualTask && backend?.options.task.values.includes(chosen.task)) fields.task = chosen.task;
  if (isAllowed("word_timestamps")) fields.word_timestamps = true;
  if (chosen.speakers && isAllowed("speakers"))
    Object.assign(fields, { speakers: true }, speakerBounds(chosen.speakers));
  if (chosen.language_per_chunk && isAllowed("language_per_chunk"))
    fields.language_per_chunk = true;
  for (const name of /** @type {const} */ (["initial_prompt", "hotwords"])) {
    const text = chosen[name].trim();
    if (text && isAllowed(name)) fields[name] = text;
  }
  return fields;
}

/**
 * The number of speakers, where the person knows it.
 * @param {string} speakers
 */
function speakerBounds(speakers) {
  const count = Number(speakers);
  return count ? { min_speakers: count, max_speakers: count } : {};
}

/**
 * The options in a few words.
 * @param {Info} info
 * @param {Chosen} chosen
 */
export function summary(info, chosen) {
  const { language, task, speakers } = chosen;
  const tellsApart = speakers && allowance(backendOf(info, chosen), "speakers").allowed;
  const parts = [
    language ? languageName(language) : t("options.language.auto"),
    task === "translate" ? t("options.task.translate") : "",
    chosen.backend || info.backend,
    modelOf(info, chosen)?.name ?? info.model,
    tellsApart ? speakersLabel(speakers) : "",
    chosen.initial_prompt.trim() || chosen.hotwords.trim() ? t("options.vocabulary") : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @param {string} speakers */
export function speakersLabel(speakers) {
  const count = Number(speakers);
  if (count) return t("options.speakers.count", { count });
  return t(speakers ? "options.speakers.some" : "options.speakers.none");
}
