// What is above the transcript: what it is, whether it is saved, what is doubtful, what to do with it.

import { h, icon, iconButton, put } from "../dom.js";
import { t } from "../strings/index.js";
import { shownKeys } from "./keys.js";

/** {element, saved(state, message), doubts(count), steps(canUndo, canRedo), problems(count)}. */
export function toolbar(job, run, { readOnly = false } = {}) {
  const title = (name, command) => `${t(name)}${command ? ` (${shownKeys(command)})` : ""}`;
  const undo = iconButton("undo", title("command.undo", "undo"), {
    on: { click: () => run("undo") },
  });
  const redo = iconButton("redo", title("command.redo", "redo"), {
    on: { click: () => run("redo") },
  });
  const find = iconButton("search", title("command.find", "find"), {
    on: { click: () => run("find") },
  });
  const state = h("span", { class: "saved small", role: "status" });
  const doubts = h("button", {
    type: "button",
    class: "chip doubt",
    title: title("command.doubt", "doubt"),
    hidden: true,
    on: { click: () => run("doubt") },
  });
  const problems = h("button", {
    type: "button",
    class: "chip",
    hidden: true,
    on: { click: () => run("problem") },
  });
  const more = iconButton("more", t("editor.more"), {
    "aria-haspopup": "menu",
    on: { click: (event) => run("more", event.currentTarget) },
  });
  const element = h(
    "div",
    { class: "toolbar" },
    readOnly
      ? null
      : h("a", { href: "#/", class: "back", "aria-label": t("nav.recordings") }, icon("left")),
    h("h1", { dir: "auto", title: job.filename }, job.filename),
    readOnly ? h("span", { class: "soft small" }, t("shared.reads")) : state,
    h(
      "div",
      { class: "row end" },
      doubts,
      problems,
      readOnly ? find : [undo, redo, find],
      readOnly
        ? null
        : h(
            "button",
            { type: "button", on: { click: () => run("share") } },
            icon("share"),
            h("span", {}, t("job.share")),
          ),
      h(
        "button",
        {
          type: "button",
          class: "main",
          "aria-haspopup": readOnly ? "menu" : null,
          on: { click: (event) => run("export", event.currentTarget) },
        },
        icon("download"),
        h("span", {}, t("job.export")),
      ),
      readOnly ? null : more,
    ),
  );
  return {
    element,
    saved(name, message = "") {
      state.textContent = t(`saved.${name}`);
      state.title = message;
      state.className = `saved small ${name}`;
    },
    doubts: (count) => counted(doubts, count, "editor.doubts", "?"),
    problems: (count) => counted(problems, count, "editor.problems", "▲"),
    steps(canUndo, canRedo) {
      for (const [button, can] of [
        [undo, canUndo],
        [redo, canRedo],
      ])
        put(button, "aria-disabled", can ? null : "true");
    },
  };
}

// In words where there is room, a sign and the number where there is not.
function counted(chip, count, key, sign) {
  chip.hidden = !count;
  put(chip, "aria-label", t(key, { count }));
  chip.replaceChildren(
    h("span", { class: "full" }, t(key, { count })),
    h("span", { class: "short", "aria-hidden": "true" }, `${sign} ${count}`),
  );
}
