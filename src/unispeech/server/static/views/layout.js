// Layout of subtitles: stored, and used for downloads, checks and the subtitles of the player.

import { h } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";

/** @type {Record<string, { usual: number, min: number, max: number }>} */
const FIELDS = {
  max_line_width: { usual: 42, min: 10, max: 100 },
  max_line_count: { usual: 2, min: 1, max: 4 },
  max_cps: { usual: 17, min: 5, max: 40 },
};

/**
 * Layout parameters of a request.
 * @returns {Record<string, number>}
 */
export function layoutOf() {
  const usual = Object.entries(FIELDS).map(([name, field]) => [name, field.usual]);
  return { ...Object.fromEntries(usual), ...settings.get("layout", {}) };
}

/**
 * Fields to change the layout; `changed` is called after every valid change.
 * @param {() => void} changed
 */
export function layoutFields(changed) {
  const layout = layoutOf();
  const fields = Object.entries(FIELDS).map(([name, { min, max }]) => {
    const input = h("input", {
      id: `l-${name}`,
      type: "number",
      min,
      max,
      value: layout[name],
      required: true,
      "aria-describedby": `lh-${name}`,
    });
    input.addEventListener("input", () => {
      if (!input.checkValidity()) return;
      settings.set("layout", { ...layoutOf(), [name]: Number(input.value) });
      changed();
    });
    return h(
      "div",
      { class: "field" },
      h("label", { for: input.id }, t(`layout.${name}`)),
      input,
      h("p", { class: "hint", id: `lh-${name}` }, t(`layout.${name}.hint`)),
    );
  });
  return h("div", { class: "pairs three" }, fields);
}
