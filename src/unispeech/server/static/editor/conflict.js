// Two windows changed one transcript: what does not touch is put together, what does is asked about.

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../strings/index.js";
import { merged } from "../transcript/merging.js";
import { clock } from "../transcript/times.js";

/**
 * The segments of both, or null where the person has put the question off. `asked` tells whether there was
 * one; `mine` is what it would be with all of mine, where some of that does not hold.
 */
export async function together(base, mine, theirs) {
  const parts = merged(base, mine, theirs);
  const conflicts = parts.filter((part) => part.mine);
  if (!conflicts.length) return { segments: parts.flatMap((part) => part.segments), asked: false };
  const choices = conflicts.map((part, number) => choice(part, number));
  const answer = await ask({
    title: t("conflict.title"),
    large: true,
    content: [
      h("p", { class: "soft" }, t("conflict.text", { count: conflicts.length })),
      h(
        "div",
        { class: "conflicts" },
        choices.map((one) => one.element),
      ),
    ],
    buttons: [
      { label: t("conflict.later"), value: "" },
      { label: t("conflict.theirs"), value: "theirs" },
      { label: t("conflict.mine"), value: "mine" },
      { label: t("conflict.chosen"), value: "chosen", kind: "main" },
    ],
  });
  if (!answer) return null;
  const pick = (part) => (answer === "chosen" ? choices[conflicts.indexOf(part)].picked() : answer);
  const all = (side) => parts.flatMap((part) => part.segments ?? part[side(part)]);
  const whole = conflicts.every((part) => pick(part) === "mine");
  return { segments: all(pick), asked: true, mine: whole ? null : all(() => "mine") };
}

function choice(part, number) {
  const side = (name) =>
    h(
      "label",
      { class: "side" },
      h(
        "span",
        { class: "row" },
        h("input", {
          type: "radio",
          name: `conflict-${number}`,
          value: name,
          checked: name === "mine",
          autofocus: name === "mine" && !number,
        }),
        h("strong", {}, t(`conflict.${name}.side`)),
      ),
      part[name].length
        ? part[name].map((one) =>
            h(
              "p",
              { dir: "auto" },
              h("time", { class: "soft small" }, clock(one.start)),
              " ",
              one.speaker ? `${one.speaker}: ` : "",
              one.text.trim(),
            ),
          )
        : h("p", { class: "soft" }, t("conflict.nothing")),
    );
  const element = h(
    "fieldset",
    {},
    h(
      "legend",
      { class: "unseen" },
      t("conflict.place", { time: clock((part.mine[0] ?? part.theirs[0]).start) }),
    ),
    side("mine"),
    side("theirs"),
  );
  return { element, picked: () => element.querySelector("input:checked").value };
}
