// Strings of the page. To add a language, add a file like de.js and a line to `LANGUAGES`.

import { settings } from "../settings.js";
import en from "./en.js";

/**
 * Texts by key; a text that depends on a count has a form for each plural category of the language.
 * @typedef {Record<string, string | (Partial<Record<Intl.LDMLPluralRule, string>> & { other: string })>} Table
 */

/** @type {Record<string, string>} */
export const LANGUAGES = { en: "English", de: "Deutsch", ar: "العربية" };
const RIGHT_TO_LEFT = ["ar"];

/** @type {Table} */
const english = en;
let table = english;
export let language = "en";
/** The language with the browser's region (en-GB, de-AT), for dates and numbers. */
let region = "en";
let isRightToLeft = false;

/** Load the chosen language, else the browser's, else English. */
export async function loadLanguage() {
  const preferred = navigator.languages.map(languageOf);
  const chosen = settings.get("language", preferred.find((code) => code in LANGUAGES) ?? "en");
  language = chosen in LANGUAGES ? chosen : "en";
  table = language === "en" ? english : (await import(`./${language}.js`)).default;
  const tag = navigator.languages.find((tag) => languageOf(tag) === language) ?? language;
  region = String(new Intl.Locale(tag, { numberingSystem: "latn" })); // the digits of the clocks
  isRightToLeft = RIGHT_TO_LEFT.includes(language);
  document.documentElement.lang = language;
  document.documentElement.dir = isRightToLeft ? "rtl" : "ltr";
}

/** @param {string} tag */
const languageOf = (tag) => tag.split("-")[0].toLowerCase();

/**
 * The string for a key. `{name}` is replaced by `values.name`. `values.count` selects the plural form,
 * by the rules of the language.
 * @param {string} key
 * @param {Record<string, string | number | null>} [values]
 */
export function t(key, values = {}) {
  const entry = table[key] ?? english[key] ?? key;
  const text = typeof entry === "string" ? entry : (entry[plural(values.count)] ?? entry.other);
  return text.replace(/\{(\w+)\}/g, (blank, name) => {
    const value = values[name] ?? null;
    return value === null ? blank : written(value);
  });
}

/** @param {string | number | null | undefined} count */
const plural = (count) => new Intl.PluralRules(language).select(Number(count));

/**
 * True if the table has the key.
 * @param {string} key
 */
export const known = (key) => key in english;

/**
 * A value for a text. File names and the like are isolated in right-to-left texts, so that their own
 * direction moves nothing around them (Unicode FSI and PDI).
 * @param {string | number} value
 */
function written(value) {
  if (typeof value === "number") return number(value);
  return isRightToLeft ? `\u2068${value}\u2069` : value;
}

/**
 * @param {number} value
 * @param {Intl.NumberFormatOptions} [options]
 */
export function number(value, options) {
  return new Intl.NumberFormat(region, options).format(value);
}

/**
 * Date and time; only the time if the date is today.
 * @param {number} unix
 */
export function day(unix) {
  const date = new Date(unix * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(region, {
    dateStyle: today ? undefined : "medium",
    timeStyle: "short",
  });
}

/** @param {number} count */
export function bytes(count) {
  const steps = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(steps.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** step;
  return number(value, {
    style: "unit",
    unit: steps[step],
    unitDisplay: "short",
    maximumFractionDigits: value < 10 && step > 1 ? 1 : 0,
  });
}

/**
 * Duration with its unit: `2 min`, `40 sec`.
 * @param {number} seconds
 */
export function span(seconds) {
  const [value, unit] =
    seconds < 90
      ? [Math.max(1, Math.round(seconds)), "second"]
      : seconds < 5400
        ? [Math.round(seconds / 60), "minute"]
        : [Math.round(seconds / 360) / 10, "hour"];
  return number(value, { style: "unit", unit, unitDisplay: "short" });
}

/**
 * Language name in the language of the page, else the name the server uses, with a capital as in a list.
 * @param {string} code
 */
export function languageName(code, otherwise = code) {
  const name = displayName(code) ?? otherwise;
  return name === code ? code : name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/** @param {string} code */
function displayName(code) {
  try {
    return new Intl.DisplayNames(language, { type: "language", fallback: "none" }).of(code);
  } catch {
    return undefined; // not a language tag
  }
}
