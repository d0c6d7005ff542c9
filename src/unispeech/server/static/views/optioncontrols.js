// Controls of options, built from `options` of /api/info.

/** @import { Info, Option } from "../service.d.ts" */
/** @import { Engine, Values } from "./chosen.js" */
/** @import { Quality } from "./quality.js" */
/** @import { Choice } from "./languages.js" */

import { h } from "../dom.js";
import { known, t } from "../strings/index.js";
import { allowance, backendOf, modelOf, SPEAKERS, speakersLabel, takes } from "./chosen.js";
import { languageChoices } from "./languages.js";
import { languagesOf } from "./quality.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/**
 * Control of an option by its type: list, checkbox, number or text. Disabled if the backend does not support
 * the option.
 * @param {Info} info
 * @param {Option} option
 * @param {Engine & { quality?: Quality | "" } & Values} chosen
 * @param {{ prefix: string, describedBy?: string, rows?: number }} more `rows` of a text field
 * @returns {Control}
 */
export function control(info, option, chosen, { prefix, describedBy, rows = 1 }) {
  const { name, type } = option;
  const { allowed } = allowance(backendOf(info, chosen), name);
  const value = chosen[name];
  const attributes = {
    id: `${prefix}-${name}`,
    name,
    disabled: !allowed,
    "aria-describedby": describedBy,
  };
  const choices = choicesOf(info, option, chosen);
  if (choices.length) return select(attributes, choices, allowed ? value : "");
  if (type === "bool")
    return h("input", { ...attributes, type: "checkbox", checked: value === true && allowed });
  const { minimum: min, maximum: max, max_length: maxlength } = option;
  const step = type === "int" ? 1 : "any";
  if (type !== "text") return h("input", { ...attributes, type: "number", min, max, step, value });
  const text = { ...attributes, value, dir: "auto", maxlength };
  return rows > 1 ? h("textarea", { ...text, rows }) : h("input", text);
}

/**
 * @param {Info} info
 * @param {Option} option
 * @param {Engine & { quality?: Quality | "" }} chosen
 * @returns {Choice[]}
 */
function choicesOf(info, { name, choices, default: usual }, chosen) {
  const backend = backendOf(info, chosen);
  if (name === "language") {
    const known = chosen.quality ? { languages: languagesOf(info) } : modelOf(info, chosen);
    return languageChoices(info, known, backend?.options.language.required);
  }
  if (name === "speakers") return SPEAKERS.map((value) => ({ value, label: speakersLabel(value) }));
  const values = choices.map((value) => ({
    value,
    label: known(`options.${name}.${value}`) ? t(`options.${name}.${value}`) : value,
    disabled: !takes(backend, name, value),
  }));
  const isOptional = values.length > 0 && usual === null;
  return isOptional ? [{ value: "", label: t("options.usual") }, ...values] : values;
}

/**
 * @param {import("../dom.js").Properties} attributes
 * @param {Choice[]} choices
 * @param {string | boolean} chosen
 */
export function select(attributes, choices, chosen) {
  /** @type {Map<string, HTMLElement>} */
  const groups = new Map();
  const control = h("select", attributes);
  for (const { value, label, disabled, group } of choices) {
    const option = h("option", { value, disabled, selected: value === chosen }, label);
    if (!group) {
      control.append(option);
      continue;
    }
    const section = groups.get(group) ?? h("optgroup", { label: group });
    if (!groups.has(group)) control.append(section);
    groups.set(group, section);
    section.append(option);
  }
  return control;
}

/**
 * Control with its label, and more elements below.
 * @param {string} text
 * @param {Control} control
 * @param {(HTMLElement | null)[]} more
 */
export function field(text, control, ...more) {
  const label = h("label", { for: control.id }, text);
  if (control.type !== "checkbox") return h("div", { class: "field" }, label, control, more);
  return h("div", { class: "field check" }, control, label, more);
}

/**
 * Values of the enabled controls in an element.
 * @param {HTMLElement} element
 * @returns {Values}
 */
export function valuesIn(element) {
  const entries = controlsIn(element).map((control) => [
    control.name,
    control instanceof HTMLInputElement && control.type === "checkbox"
      ? control.checked
      : control.value,
  ]);
  return Object.fromEntries(entries);
}

/**
 * @param {HTMLElement} element
 * @returns {Control[]}
 */
export const controlsIn = (element) =>
  Array.from(element.querySelectorAll(":is(input, select, textarea)[name]:enabled"));

/**
 * Label of an option: the page's, else the server's help.
 * @param {Option} option
 */
export const labelOf = (option) =>
  known(`options.${option.name}`) ? t(`options.${option.name}`) : helpOf(option);

/**
 * Hint below a control: the page's, else the server's help unless that is the label.
 * @param {Option} option
 */
export function hintOf(option) {
  if (known(`options.${option.name}.hint`)) return t(`options.${option.name}.hint`);
  return known(`options.${option.name}`) ? helpOf(option) : "";
}

/** @param {Option} option */
const helpOf = ({ help, unit }) => (unit ? `${help} (${unit})` : help);
