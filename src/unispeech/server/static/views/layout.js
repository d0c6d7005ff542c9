// Layout of subtitles: stored, and used for downloads, checks and the subtitles of the player.

/** @import { Info, LayoutPreset, Option } from "../service.d.ts" */
/** @import { Control } from "./optioncontrols.js" */

import { h } from "../dom.js";
import { settings } from "../settings.js";
import { known, t } from "../strings/index.js";
import { field, select } from "./optioncontrols.js";

/** @typedef {Record<string, string | number>} Layout parameters of a request, by name */

/** Limits without a preset. @type {Layout} */
const USUAL = { max_line_width: 42, max_line_count: 2, max_cps: 17 };

/**
 * Layout parameters of a request: a preset with the values that replace its own, or limits.
 * @returns {Layout}
 */
export function layoutOf() {
  const chosen = settings.get("layout", /** @type {Layout} */ ({}));
  return chosen.preset ? chosen : { ...USUAL, ...chosen };
}

/**
 * Fields to change the layout; `changed` is called after every valid change.
 * @param {Info["layout"]} offered
 * @param {() => void} changed
 */
export function layoutFields({ options, presets }, changed) {
  const box = h("div", { class: "fields" });
  const draw = () => {
    const preset = presets.find(({ name }) => name === layoutOf().preset);
    const numbers = options.filter(({ name }) => name !== "preset");
    const [main, more] = [true, false].map((isMain) =>
      numbers
        .filter(({ name }) => name in USUAL === isMain)
        .map((option) => optionField(option, preset, changed)),
    );
    box.replaceChildren(
      presetField(presets, () => {
        draw();
        box.querySelector("select")?.focus();
        changed();
      }),
      h("div", { class: "pairs" }, main),
      h("details", {}, h("summary", {}, t("layout.more")), h("div", { class: "pairs" }, more)),
    );
  };
  draw();
  return box;
}

/**
 * @param {LayoutPreset[]} presets
 * @param {() => void} changed
 */
function presetField(presets, changed) {
  const choices = presets.map(({ name }) => ({ value: name, label: t(`layout.preset.${name}`) }));
  const list = select(
    { id: "l-preset", "aria-describedby": "lh-preset" },
    [{ value: "", label: t("layout.preset.none") }, ...choices],
    String(layoutOf().preset ?? ""),
  );
  list.addEventListener("change", () => {
    settings.set("layout", list.value ? { preset: list.value } : {});
    changed();
  });
  return field(t("layout.preset"), list, hint("preset"));
}

/**
 * @param {Option} option
 * @param {LayoutPreset | undefined} preset
 * @param {() => void} changed
 */
function optionField(option, preset, changed) {
  const { name, choices } = option;
  const value = layoutOf()[name] ?? "";
  const attributes = { id: `l-${name}`, "aria-describedby": `lh-${name}` };
  const usual = [{ value: "", label: t("options.usual") }];
  const labels = choices.map((choice) => ({ value: choice, label: t(`layout.${name}.${choice}`) }));
  const control = choices.length
    ? select(attributes, [...usual, ...labels], String(value))
    : h("input", {
        ...attributes,
        type: "number",
        min: option.minimum,
        max: option.maximum,
        step: option.type === "int" ? 1 : "any",
        value,
        placeholder: preset?.values[name] ?? "",
        required: !preset && name in USUAL,
      });
  control.addEventListener("input", () => store(name, control, changed));
  return field(t(`layout.${name}`), control, hint(name));
}

/**
 * Store a valid value; an empty one is that of the preset, or none.
 * @param {string} name
 * @param {Control} control
 * @param {() => void} changed
 */
function store(name, control, changed) {
  if (!control.checkValidity()) return;
  const { [name]: _, ...others } = layoutOf();
  const { value } = control;
  settings.set("layout", value === "" ? others : { ...others, [name]: parsed(control) });
  changed();
}

/** @param {Control} control */
const parsed = (control) => (control.type === "number" ? Number(control.value) : control.value);

/** @param {string} name */
function hint(name) {
  const key = `layout.${name}.hint`;
  return h("p", { class: "hint", id: `lh-${name}` }, known(key) ? t(key) : "");
}
