// Languages of a model, named in the language of the page.

/** @import { Info, Model } from "../service.d.ts" */

import { languageName, t } from "../strings/index.js";

/** @typedef {{ value: string, label: string, disabled?: boolean, group?: string }} Choice option of a select */

/**
 * Languages of a known or unknown model, with detection as the first choice.
 * @param {Info} info
 * @param {Pick<Model, "languages">} [model]
 * @param {boolean} [isRequired]
 * @returns {Choice[]}
 */
export function languageChoices(info, model, isRequired = false) {
  const names = new Map(info.languages.map(({ code, name }) => [code, name]));
  const codes = model?.languages.length ? model.languages : [...names.keys()];
  const choices = codes.map((code) => ({
    value: code,
    label: languageName(code, names.get(code)),
  }));
  choices.sort((a, b) => a.label.localeCompare(b.label));
  if (codes.length === 1) return choices;
  const label = isRequired ? t("options.language.required") : t("options.language.auto");
  return [{ value: "", label }, ...choices];
}
