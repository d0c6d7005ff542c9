// Text rules: replacements, numbers, hesitations and Chinese script, for downloads and live captions.

/** @import { Info } from "../service.d.ts" */
/** @import { Values } from "./chosen.js" */

import { h } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { allowance, backendOf, parsed, written } from "./chosen.js";
import { control, field, hintOf, labelOf, valuesIn } from "./optioncontrols.js";

const RULES = ["chinese", "remove_fillers", "numerals", "replacements"];
const ENGINE = { backend: "", model: "" }; // text rules are those of every engine

/** @typedef {Record<string, string | number | boolean>} Rules fields of a request, by name */

/** Fields of the text rules that the server offers, below a heading that opens them. Their values are stored. */
export class RuleFields {
  #fields;
  #options;

  /**
   * @param {Info} info
   * @param {"rules" | "liveRules"} name of the setting
   */
  constructor(info, name) {
    this.#options = info.options.filter((option) => option.page && RULES.includes(option.name));
    const stored = settings.get(name, /** @type {Values} */ ({}));
    const fields = this.#options.map((option) => {
      const chosen = { ...ENGINE, [option.name]: stored[option.name] ?? written(option.default) };
      const id = `r-${option.name}`;
      const rows = option.name === "replacements" ? 3 : 1;
      const input = control(info, option, chosen, { prefix: "r", describedBy: `${id}-hint`, rows });
      const { reason } = allowance(backendOf(info, ENGINE), option.name);
      const why = reason ? h("span", { class: "why" }, ` ${reason}`) : null;
      return field(
        labelOf(option),
        input,
        h("p", { class: "hint", id: `${id}-hint` }, hintOf(option), why),
      );
    });
    const box = h("div", { class: "fields" }, fields);
    box.addEventListener("input", () => settings.set(name, valuesIn(box)));
    this.#fields = box;
    const open = Object.keys(this.values()).length > 0;
    this.element = h("details", { open }, h("summary", {}, t("rules.title")), this.#fields);
  }

  /** The rules that are set, for a request. @returns {Rules} */
  values() {
    const values = valuesIn(this.#fields);
    const entries = this.#options
      .filter(({ name }) => name in values)
      .map((option) => /** @type {const} */ ([option, parsed(option, values[option.name])]))
      .filter(([option, value]) => value !== null && value !== option.default)
      .map(([{ name }, value]) => [name, value]);
    return Object.fromEntries(entries);
  }
}
