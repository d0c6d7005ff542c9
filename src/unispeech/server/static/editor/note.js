// A note above the text about a job that is running: lines, progress and buttons.

import { h } from "../dom.js";
import { complain } from "../messages.js";

export class Note {
  /** @param {string} kind a class */
  constructor(kind) {
    this.element = h("div", { class: `note ${kind}`, hidden: true });
  }

  hide() {
    this.element.hidden = true;
  }

  /**
   * Show the note; the focus stays on its first button.
   * @param {HTMLElement[]} lines
   * @param {[label: string, act: () => Promise<unknown>][]} actions each of which hides the note
   * @param {HTMLElement} [progress]
   */
  show(lines, actions, progress) {
    const had = this.element.contains(document.activeElement);
    const buttons = actions.map(([label, act]) => {
      const click = () => {
        this.hide();
        act().catch(complain);
      };
      return h("button", { type: "button", on: { click } }, label);
    });
    this.element.replaceChildren(
      h("div", { class: "grow" }, lines, progress),
      h("div", { class: "row" }, buttons),
    );
    this.element.hidden = false;
    if (had) buttons[0].focus();
  }
}
