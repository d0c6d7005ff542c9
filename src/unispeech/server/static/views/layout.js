// How subtitles are cut: remembered, and used by downloads, checks and what is shown over a picture.

import { h } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";

const USUAL = { max_line_width: 42, max_line_count: 2, max_cps: 17 };
const BOUNDS = { max_line_width: [10, 100], max_line_count: [1, 4], max_cps: [5, 40] };

/** The parameters of the interface. */
export function layoutOf() {
  return { ...USUAL, ...settings.get("layout", {}) };
}

/** The fields to change it; `changed` is called with every valid change. */
export function layoutFields(changed) {
  const now = layoutOf();
  const fields = Object.keys(USUAL).map((name) => {
    const [min, max] = BOUNDS[name];
    const input = h("input", {
      id: `l-${name}`,
      type: "number",
      min: String(min),
      max: String(max),
      value: String(now[name]),
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
