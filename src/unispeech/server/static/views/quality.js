// Qualities of a transcription, and the downloaded model behind each. Pure functions.

/** @import { Info, Model } from "../service.d.ts" */
/** @import { Engine } from "./chosen.js" */

/** @typedef {"fast" | "balanced" | "best"} Quality */

/** Engine of the server's settings. */
const USUAL = { backend: "", model: "" };

/**
 * Languages of the models behind the qualities.
 * @param {Info} info
 */
export const languagesOf = (info) => [
  ...new Set([...downloaded(info), ...usualModel(info)].flatMap(({ languages }) => languages)),
];

/**
 * True if the server has several models to choose from.
 * @param {Info} info
 */
export const hasQualities = (info) => downloaded(info).length > 1;

/**
 * Engines of the qualities for a language ("" is detected). Balanced is the server's own choice if that knows
 * the language; fast is the smallest model below it, best the most accurate above it.
 * @param {Info} info
 * @param {string} language
 * @returns {Partial<Record<Quality, Engine>>}
 */
export function qualities(info, language) {
  const ranked = downloaded(info)
    .filter((model) => knows(model, language))
    .toSorted((a, b) => a.rank - b.rank);
  const middle = ranked[Math.floor((ranked.length - 1) / 2)];
  const own = usualModel(info)[0];
  const balanced = !own?.languages.length || knows(own, language) ? own : (middle ?? own);
  /** @type {(one: Model, other: Model) => boolean} */
  const isSmaller = (one, other) => one.megabytes < other.megabytes;
  const small = ranked.toSorted((a, b) => a.megabytes - b.megabytes)[0];
  const [top] = ranked;
  const hasFast = small && balanced && isSmaller(small, balanced);
  const hasBest = top && balanced && top.rank < balanced.rank;
  return {
    ...(hasFast && { fast: engineOf(info, small) }),
    balanced: balanced && balanced !== own ? engineOf(info, balanced) : USUAL,
    ...(hasBest && { best: engineOf(info, top) }),
  };
}

/**
 * True if a model is good at a language, or at all of several if the language is to be detected.
 * @param {Model} model
 * @param {string} language
 */
const knows = ({ languages, made_for: best }, language) =>
  language
    ? (best.length ? best : languages).includes(language)
    : languages.length > 1 && !best.length;

/**
 * The downloaded models that an installed backend runs.
 * @param {Info} info
 */
export const downloaded = (info) =>
  info.models.filter((model) => model.kept && backendFor(info, model) !== undefined);

/**
 * The model of the server's settings, if the page knows it.
 * @param {Info} info
 */
const usualModel = (info) => info.models.filter(({ name }) => name === info.model);

/**
 * The backend for a model: the server's own if it can.
 * @param {Info} info
 * @param {Model} model
 */
function backendFor(info, { backends }) {
  const able = info.backends.filter(({ usable, name }) => usable && backends.includes(name));
  return able.find(({ name }) => name === info.backend) ?? able[0];
}

/**
 * @param {Info} info
 * @param {Model} model
 * @returns {Engine}
 */
export function engineOf(info, model) {
  const name = backendFor(info, model)?.name ?? "";
  const isUsual = name === info.backend;
  return {
    backend: isUsual ? "" : name,
    model: isUsual && model.name === info.model ? "" : model.name,
  };
}
