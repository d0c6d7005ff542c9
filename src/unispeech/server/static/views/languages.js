// Which languages can be chosen for a model, by name in the language of the page.

import { languageName, t } from "../strings/index.js";

/** [{value, label}] for a model that is known, or for one that is not; to detect it comes first. */
export function languageChoices(info, model, required = false) {
  const codes = model?.languages.length ? model.languages : info.languages.map((one) => one.code);
  const named = codes.map((code) => ({
    value: code,
    label: languageName(code, info.languages.find((one) => one.code === code)?.name),
  }));
  named.sort((one, other) => one.label.localeCompare(other.label));
  return codes.length === 1
    ? named
    : [
        {
          value: "",
          label: required ? t("options.language.required") : t("options.language.auto"),
        },
        ...named,
      ];
}
