// Tab of the outline: the turns of the speakers, or the minutes, with their first words.

/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */
/** @import { Roster } from "./roster.js" */

import { h, put } from "../dom.js";
import { t } from "../strings/index.js";
import { outline } from "../transcript/outline.js";
import { clock } from "../transcript/times.js";
import { coloured } from "./speakers.js";

export class OutlineTab {
  name = "outline";
  element = h("ul", { class: "places outline", "aria-label": t("desk.outline") });
  #page;

  /** @param {{ store: Store, view: TranscriptView, roster: Roster }} page */
  constructor(page) {
    this.#page = page;
  }

  draw = () => {
    const { store, view, roster } = this.#page;
    const { segments } = store.document;
    const entries = outline(store.document);
    const here = entries.findLastIndex(({ at }) => at <= view.speaking);
    this.element.replaceChildren(
      ...entries.map(({ at, text }, index) => {
        const { start, speaker } = segments[at];
        const button = h(
          "button",
          { type: "button", class: "bare place", on: { click: () => view.focus(at, 0) } },
          h("time", {}, clock(start)),
          h("span", {}, speaker ? [coloured(roster, speaker), " "] : "", h("bdi", {}, text)),
        );
        if (index === here) put(button, "aria-current", "true");
        return h("li", {}, button);
      }),
    );
    if (!entries.length) this.element.append(h("li", { class: "soft" }, t("outline.none")));
  };
}
