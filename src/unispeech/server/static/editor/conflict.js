// Two windows changed one transcript: changes of different segments are merged; the user decides the rest.

/** @import { Segment } from "../transcript/document.js" */
/** @import { Conflict } from "../transcript/merging.js" */

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../strings/index.js";
import { merged } from "../transcript/merging.js";
import { clock } from "../transcript/times.js";

/** @typedef {"mine" | "theirs"} Side */

/**
 * Merged segments, or null if the user postpones the decision. `mine` has all of the user's own changes if some
 * of them were not chosen.
 * @param {Segment[]} base
 * @param {Segment[]} mine
 * @param {Segment[]} theirs
 */
export async function mergeOrAsk(base, mine, theirs) {
  const parts = merged(base, mine, theirs);
  const conflicts = parts.filter((part) => !part.segments);
  /** @param {(conflict: Conflict) => Side} pick */
  const segments = (pick) => parts.flatMap((part) => part.segments ?? part[pick(part)]);
  if (!conflicts.length) return { segments: segments(() => "mine"), isAsked: false, mine: null };
  const choices = new Map(conflicts.map((part, number) => [part, new SideChoice(part, number)]));
  const answer = await ask({
    title: t("conflict.title"),
    large: true,
    content: [
      h("p", { class: "soft" }, t("conflict.text", { count: conflicts.length })),
      h(
        "div",
        { class: "conflicts" },
        [...choices.values()].map(({ element }) => element),
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
  /** @param {Conflict} part */
  const pick = (part) =>
    answer === "mine" || answer === "theirs" ? answer : (choices.get(part)?.side ?? "mine");
  const isAllMine = conflicts.every((part) => pick(part) === "mine");
  return {
    segments: segments(pick),
    isAsked: true,
    mine: isAllMine ? null : segments(() => "mine"),
  };
}

/** The two sides of a conflict, one of which the user chooses. */
class SideChoice {
  #mine;

  /**
   * @param {Conflict} conflict
   * @param {number} number
   */
  constructor(conflict, number) {
    /** @param {Side} side */
    const radio = (side) =>
      h("input", {
        type: "radio",
        name: `conflict-${number}`,
        value: side,
        checked: side === "mine",
        autofocus: side === "mine" && !number,
      });
    this.#mine = radio("mine");
    const { start } = conflict.mine[0] ?? conflict.theirs[0];
    this.element = h(
      "fieldset",
      {},
      h("legend", { class: "unseen" }, t("conflict.place", { time: clock(start) })),
      sideLabel(this.#mine, t("conflict.mine.side"), conflict.mine),
      sideLabel(radio("theirs"), t("conflict.theirs.side"), conflict.theirs),
    );
  }

  /** @returns {Side} */
  get side() {
    return this.#mine.checked ? "mine" : "theirs";
  }
}

/**
 * @param {HTMLElement} radio
 * @param {string} title
 * @param {Segment[]} segments
 */
function sideLabel(radio, title, segments) {
  const lines = segments.map(({ start, speaker, text }) =>
    h(
      "p",
      { dir: "auto" },
      h("time", { class: "soft small" }, clock(start)),
      " ",
      speaker ? `${speaker}: ` : "",
      text.trim(),
    ),
  );
  return h(
    "label",
    { class: "side" },
    h("span", { class: "row" }, radio, h("strong", {}, title)),
    lines.length ? lines : h("p", { class: "soft" }, t("conflict.nothing")),
  );
}
