// What can be done with the chosen recordings.

/** @import { JobShown } from "../service.d.ts" */
/** @import { Choice } from "./choosing.js" */

import { h, iconButton } from "../dom.js";
import { complain } from "../messages.js";
import { t } from "../strings/index.js";
import { MOST } from "./choosing.js";

/**
 * @typedef {{
 *   all: () => void, changed: (jobs: JobShown[]) => void, removed: (jobs: JobShown[]) => void,
 *   focus: () => void,
 * }} ListPage `focus` is called when the bar with the focus disappears
 */

export class ChoiceBar {
  #choice;
  #count = h("span", { class: "number", role: "status" });
  #all;
  #close = iconButton("close", t("several.none"), { on: { click: () => this.#choice.set([]) } });
  #page;

  /**
   * @param {Choice} choice
   * @param {ListPage} page
   */
  constructor(choice, page) {
    this.#choice = choice;
    this.#page = page;
    /** @type {(label: string, act: (actions: typeof import("./actions.js")) => Promise<unknown>, kind?: string) => HTMLElement} */
    const button = (label, act, kind) => {
      const run = async () => act(await import("./actions.js"));
      const click = () => run().catch(complain);
      return h("button", { type: "button", class: kind ?? null, on: { click } }, t(label));
    };
    this.#all = h("button", { type: "button", class: "bare", on: { click: page.all } });
    this.element = h(
      "div",
      { class: "choice-bar", role: "toolbar", "aria-label": t("several.title"), hidden: true },
      this.#count,
      this.#all,
      this.#close,
      h(
        "div",
        { class: "row" },
        button("several.export", (actions) => actions.exportAll(choice.jobs)),
        button("several.tags", async (actions) => page.changed(await actions.tag(choice.jobs))),
        button("several.again", (actions) => actions.transcribeAgain(choice.jobs)),
        button(
          "several.delete",
          async (actions) => page.removed(await actions.remove(choice.jobs)),
          "danger",
        ),
      ),
    );
  }

  /** @param {number} total recordings of the list */
  show(total) {
    const { size } = this.#choice;
    const isAll = size >= total || total > MOST;
    const { activeElement } = document;
    if (!size && this.element.contains(activeElement)) this.#page.focus();
    else if (isAll && activeElement === this.#all) this.#close.focus();
    this.element.hidden = !size;
    this.#count.textContent = t("several.count", { count: size });
    this.#all.hidden = isAll;
    this.#all.textContent = t("several.all", { count: total });
  }
}
