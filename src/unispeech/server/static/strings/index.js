// The words of the page. A language is a table (en.js, de.js); a new one is a file and a line here.

import { settings } from "../settings.js";
import en from "./en.js";

export const LANGUAGES = { en: "English", de: "Deutsch" };

let table = en;
export let language = "en";
let region = "en"; // the same language as the browser writes it, for dates and numbers: en-GB, de-AT

/** Loads the language that was chosen, else the browser's, else English. */
export async function loadLanguage() {
  const wanted =
    settings.get("language") ??
    navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES);
  language = wanted in LANGUAGES ? wanted : "en";
  table = language === "en" ? en : (await import(`./${language}.js`)).default;
  region = navigator.languages.find((tag) => tag.slice(0, 2) === language) ?? language;
  document.documentElement.lang = language;
}

/**
 * The words for a key. `{name}` is replaced by `values.name`; a table of {one, other} is chosen from
 * by `values.count`, as the language counts.
 */
export function t(key, values = {}) {
  let found = table[key] ?? en[key] ?? key;
  if (typeof found === "object")
    found = found[new Intl.PluralRules(language).select(values.count)] ?? found.other;
  return found.replace(/\{(\w+)\}/g, (whole, name) => shown(values[name] ?? whole));
}

/** Whether there are words for a key. */
export const known = (key) => key in en;

function shown(value) {
  return typeof value === "number" ? number(value) : value;
}

export function number(value, options) {
  return new Intl.NumberFormat(region, options).format(value);
}

export function day(unix) {
  const date = new Date(unix * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const form = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(region, form).format(date);
}

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

/** A length of time in words: `2 min`, `40 sec`. */
export function span(seconds) {
  const [value, unit] =
    seconds < 90
      ? [Math.max(1, Math.round(seconds)), "second"]
      : seconds < 5400
        ? [Math.round(seconds / 60), "minute"]
        : [Math.round(seconds / 360) / 10, "hour"];
  return number(value, { style: "unit", unit, unitDisplay: "short" });
}

/** The name of a language in the language of the page, else as the server calls it. */
export function languageName(code, otherwise = code) {
  try {
    return (
      new Intl.DisplayNames(language, { type: "language", fallback: "none" }).of(code) ?? otherwise
    );
  } catch {
    return otherwise;
  }
}
