// The times of a segment, typed.

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../strings/index.js";
import { clock, seconds } from "../transcript/times.js";

/** [start, end] as the person wants them, or null. */
export async function askTimes(segment) {
  const field = (id, label, value) =>
    h("input", {
      id,
      value: clock(value, 3),
      required: true,
      dir: "ltr",
      inputmode: "decimal",
      "aria-label": label,
      autofocus: id === "t-start",
    });
  const [start, end] = [
    field("t-start", t("times.start"), segment.start),
    field("t-end", t("times.end"), segment.end),
  ];
  const judge = () => {
    start.setCustomValidity(Number.isNaN(seconds(start.value)) ? t("times.form") : "");
    end.setCustomValidity(
      Number.isNaN(seconds(end.value))
        ? t("times.form")
        : seconds(end.value) > seconds(start.value)
          ? ""
          : t("times.order"),
    );
  };
  for (const one of [start, end]) one.addEventListener("input", judge);
  const answer = await ask({
    title: t("command.times"),
    content: [
      h(
        "div",
        { class: "pairs" },
        h("div", { class: "field" }, h("label", { for: "t-start" }, t("times.start")), start),
        h("div", { class: "field" }, h("label", { for: "t-end" }, t("times.end")), end),
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
