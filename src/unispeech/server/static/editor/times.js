// Dialog for the times of a segment.

/** @import { Segment } from "../transcript/document.js" */

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../strings/index.js";
import { clock, seconds } from "../transcript/times.js";

/**
 * Ask for the times of a segment; null if they stay.
 * @param {Segment} segment
 * @returns {Promise<[start: number, end: number] | null>}
 */
export async function askTimes(segment) {
  const start = timeInput("t-start", t("times.start"), segment.start);
  const end = timeInput("t-end", t("times.end"), segment.end);
  start.autofocus = true;
  const judge = () => {
    const [from, to] = [seconds(start.value), seconds(end.value)];
    start.setCustomValidity(Number.isNaN(from) ? t("times.form") : "");
    end.setCustomValidity(Number.isNaN(to) ? t("times.form") : to > from ? "" : t("times.order"));
  };
  for (const input of [start, end]) input.addEventListener("input", judge);
  const answer = await ask({
    title: t("command.times"),
    content: [
      h(
        "div",
        { class: "pairs" },
        h("div", { class: "field" }, h("label", { for: start.id }, t("times.start")), start),
        h("div", { class: "field" }, h("label", { for: end.id }, t("times.end")), end),
      ),
      h("p", { class: "soft small" }, t("times.hint")),
    ],
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("apply"), value: "set", kind: "main" },
    ],
  });
  return answer ? [seconds(start.value), seconds(end.value)] : null;
}

/** @type {(id: string, label: string, time: number) => HTMLInputElement} */
function timeInput(id, label, time) {
  return h("input", {
    id,
    value: clock(time, 3),
    required: true,
    dir: "ltr",
    inputmode: "decimal",
    "aria-label": label,
  });
}
