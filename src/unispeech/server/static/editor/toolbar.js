// The toolbar: name, save state, doubtful places and actions.

/** @import { State } from "./autosave.js" */

import { h, icon, iconButton, put } from "../dom.js";
import { t } from "../strings/index.js";
import { shownKeys } from "./keytable.js";

/** @typedef {(command: string, button: HTMLElement) => void} Run called with the command of a button */

export class Toolbar {
  #state = h("span", { class: "saved small", role: "status" });
  #undo;
  #redo;
  #doubts;
  #problems;

  /**
   * @param {{ filename: string }} job
   * @param {Run} run
   */
  constructor({ filename }, run, { readOnly = false } = {}) {
    this.#undo = commandButton("undo", "undo", run);
    this.#redo = commandButton("redo", "redo", run);
    this.#doubts = chip("doubt", run, { class: "chip doubt", title: titleOf("doubt") });
    this.#problems = chip("problem", run);
    const find = commandButton("search", "find", run);
    const desk = commandButton("panel", "desk", run);
    desk.classList.add("desk-toggle");
    const back = { href: "#/", class: "back", "aria-label": t("nav.recordings") };
    const share = button("share", icon("share"), t("job.share"), run);
    const download = button("export", icon("download"), t("job.export"), run);
    download.classList.add("main");
    const more = iconButton("more", t("editor.more"), {
      "aria-haspopup": "menu",
      on: { click: () => run("more", more) },
    });
    if (readOnly) put(download, "aria-haspopup", "menu");
    this.element = h(
      "div",
      { class: "toolbar" },
      readOnly ? null : h("a", back, icon("left")),
      h("h1", { dir: "auto", title: filename }, filename),
      readOnly ? h("span", { class: "soft small" }, t("shared.reads")) : this.#state,
      h(
        "div",
        { class: "row end" },
        readOnly
          ? [find, download]
          : [
              this.#doubts,
              this.#problems,
              this.#undo,
              this.#redo,
              find,
              share,
              download,
              desk,
              more,
            ],
      ),
    );
  }

  /**
   * @param {State} state
   * @param {string} [message]
   */
  showState(state, message = "") {
    this.#state.textContent = t(`saved.${state}`);
    this.#state.title = message;
    this.#state.className = `saved small ${state}`;
  }

  /** @param {number} count */
  showDoubts(count) {
    showCount(this.#doubts, count, "editor.doubts", "?");
  }

  /** @param {number} count */
  showProblems(count) {
    showCount(this.#problems, count, "editor.problems", "▲");
  }

  /**
   * @param {boolean} canUndo
   * @param {boolean} canRedo
   */
  showSteps(canUndo, canRedo) {
    put(this.#undo, "aria-disabled", canUndo ? null : "true");
    put(this.#redo, "aria-disabled", canRedo ? null : "true");
  }
}

/** @param {string} command */
const titleOf = (command) => `${t(`command.${command}`)} (${shownKeys(command)})`;

/** @type {(drawing: string, command: string, run: Run) => HTMLElement} */
function commandButton(drawing, command, run) {
  const element = iconButton(drawing, titleOf(command), {
    on: { click: () => run(command, element) },
  });
  return element;
}

/** @type {(command: string, drawing: Node, label: string, run: Run) => HTMLElement} */
function button(command, drawing, label, run) {
  /** @returns {void} */
  const click = () => run(command, element);
  const element = h("button", { type: "button", on: { click } }, drawing, h("span", {}, label));
  return element;
}

/** @type {(command: string, run: Run, properties?: Record<string, string>) => HTMLElement} */
function chip(command, run, properties = { class: "chip" }) {
  /** @returns {void} */
  const click = () => run(command, element);
  const element = h("button", { type: "button", hidden: true, on: { click }, ...properties });
  return element;
}

/**
 * Show a count with its label, or with an icon if space is short.
 * @param {HTMLElement} chip
 * @param {number} count
 * @param {string} key
 * @param {string} sign
 */
function showCount(chip, count, key, sign) {
  chip.hidden = !count;
  put(chip, "aria-label", t(key, { count }));
  chip.replaceChildren(
    h("span", { class: "full" }, t(key, { count })),
    h("span", { class: "short", "aria-hidden": "true" }, `${sign} ${count}`),
  );
}
