// Find and replace, over all segments: the browser's own search sees only the rows near the screen.

import { h, iconButton } from "../dom.js";
import { whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { hidden } from "../transcript/edits.js";
import { matches, pattern, replaced } from "../transcript/find.js";

/** {element, open(withReplace), close, marked(row, segment, index)}. */
export function findBar(store, view, { readOnly = false } = {}) {
  let found = [];
  let byIndex = new Map();
  let here = -1;
  const query = h("input", {
    type: "search",
    "aria-label": t("find.query"),
    placeholder: t("find.query"),
    dir: "auto",
    on: { input: () => look(true), keydown: keys },
  });
  const other = h("input", {
    type: "text",
    "aria-label": t("find.with"),
    placeholder: t("find.with"),
    dir: "auto",
    on: { keydown: keys },
  });
  const count = h("span", { class: "soft small number count", role: "status" });
  const matchCase = toggle("Aa", "find.case");
  const wholeWord = toggle("|ab|", "find.word");
  const replacing = h(
    "div",
    { class: "row replacing" },
    other,
    h("button", { type: "button", on: { click: one } }, t("find.one")),
    h("button", { type: "button", on: { click: all } }, t("find.all")),
  );
  const element = h(
    "form",
    {
      class: "findbar",
      role: "search",
      hidden: true,
      on: { submit: (event) => event.preventDefault(), keydown: closeOnEscape },
    },
    h(
      "div",
      { class: "row" },
      query,
      matchCase,
      wholeWord,
      count,
      iconButton("up", t("find.previous"), { on: { click: () => step(-1) } }),
      iconButton("down", t("find.next"), { on: { click: () => step(1) } }),
    ),
    readOnly ? null : replacing,
    iconButton("close", t("close"), { on: { click: close } }),
  );
  let before = null;

  function toggle(text, name) {
    return h(
      "button",
      {
        type: "button",
        class: "icon",
        "aria-pressed": "false",
        "aria-label": t(name),
        title: t(name),
        on: {
          click: (event) => {
            const button = event.currentTarget;
            button.setAttribute(
              "aria-pressed",
              String(button.getAttribute("aria-pressed") !== "true"),
            );
            look(true);
          },
        },
      },
      text,
    );
  }

  function wanted() {
    return pattern(query.value, {
      matchCase: matchCase.getAttribute("aria-pressed") === "true",
      wholeWord: wholeWord.getAttribute("aria-pressed") === "true",
    });
  }

  function look(jump) {
    found = element.hidden ? [] : matches(store.document, wanted());
    byIndex = Map.groupBy(found, (match) => match.at);
    here = found.length ? Math.max(0, Math.min(here, found.length - 1)) : -1;
    if (jump && found.length)
      here = Math.max(
        0,
        found.findIndex((match) => match.at >= Math.max(0, view.speaking())),
      );
    show(jump);
  }

  function show(jump) {
    count.textContent = !query.value
      ? ""
      : found.length
        ? t("find.count", { at: here + 1, count: found.length })
        : t("find.none");
    if (jump && here >= 0) view.reveal(found[here].at);
    for (const row of view.rows())
      if (row.kind === "segment") marked(row, row.item, view.index(row));
  }

  function marked(row, segment, index) {
    const shift = hidden(segment);
    const span = ({ from, to }) => [from + shift, to + shift];
    row.marks.set("found", segment, (byIndex.get(index) ?? []).map(span));
    row.marks.set("found-here", segment, found[here]?.at === index ? [span(found[here])] : []);
  }

  function step(by) {
    if (!found.length) return;
    here = (here + by + found.length) % found.length;
    show(true);
  }

  function one() {
    if (here < 0) return;
    store.change(replaced(store.document, [found[here]], other.value));
    look(false);
    if (found.length) view.reveal(found[here].at);
  }

  function all() {
    const number = found.length;
    if (store.change(replaced(store.document, found, other.value)))
      whisper(t("find.replaced", { count: number }));
  }

  function closeOnEscape(event) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  }

  function keys(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.target === other) one();
    else step(event.shiftKey ? -1 : 1);
  }

  function close() {
    element.hidden = true;
    look(false);
    before?.focus?.();
  }

  store.listen(() => {
    if (!element.hidden) look(false);
  });
  return {
    element,
    marked: (row, segment, index) => {
      if (!element.hidden) marked(row, segment, index);
    },
    open(withReplace) {
      if (element.hidden) before = document.activeElement;
      const chosen = String(getSelection());
      element.hidden = false;
      if (chosen && !chosen.includes("\n")) query.value = chosen;
      replacing.classList.toggle("unfolded", withReplace);
      const target = withReplace && query.value && chosen ? other : query;
      target.focus();
      target.select();
      look(true);
    },
  };
}
