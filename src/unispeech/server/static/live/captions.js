// What was said, line by line: finished lines, and the one that is being said.

import { h } from "../dom.js";
import { clock } from "../transcript/times.js";

const LONG = 60; // letters after which a sentence ends a line
const UNCLEAR = "[…]"; // speech without a trustworthy text
const FOLLOW = 80; // pixels from the foot within which new text is followed

const lines = []; // {start, text}; they outlive the view, so that looking elsewhere loses nothing

/** {element, hear(event), end(), clear(), text(), down()}; `changed()` is called after every change. */
export function captions(label, empty, changed) {
  const element = h("div", {
    id: "captions",
    class: "captions",
    role: "log",
    "aria-label": label,
    tabindex: "0",
    data: { empty },
  });
  let open = null; // {start, text, row, may} of the line that is being said

  // What may still change is not read aloud: only its final words are.
  function begin(start, text = "") {
    const may = h("span", { class: "open", "aria-hidden": "true" });
    const row = h("p", {}, h("time", {}, clock(start)), h("span", { dir: "auto" }, text, may));
    element.append(row);
    return { start, text, row, may };
  }

  // Changes the text; who reads at the foot stays there.
  function changing(change) {
    const down = element.scrollHeight - element.scrollTop - element.clientHeight < FOLLOW;
    change();
    if (down) element.scrollTop = element.scrollHeight;
    changed();
  }

  function hear({ type, start, text }) {
    if (type === "endpoint") return end();
    if (type === "gap") return gap(start);
    if (type !== "partial" && type !== "final") return;
    changing(() => {
      open ??= begin(start);
      if (type === "partial") return open.may.replaceChildren(open.text ? text : text.trimStart());
      const fresh = open.text ? text : text.trimStart();
      open.text += fresh;
      open.may.replaceChildren();
      open.may.before(fresh);
    });
    if (type === "final" && open.text.length > LONG && /[.?!。？！]\s*$/.test(open.text)) end();
  }

  function gap(start) {
    end();
    if (lines.at(-1)?.text === UNCLEAR) return;
    lines.push({ start, text: UNCLEAR });
    changing(() => begin(start, UNCLEAR).may.remove());
  }

  function end() {
    if (!open) return;
    changing(() => {
      if (open.text.trim()) {
        lines.push({ start: open.start, text: open.text.trim() });
        open.may.remove();
      } else open.row.remove();
      open = null;
    });
  }

  for (const { start, text } of lines) begin(start, text).may.remove();
  return {
    element,
    hear,
    end,
    clear() {
      lines.length = 0;
      changing(() => element.replaceChildren());
    },
    /** Everything that is final, a line each. */
    text: () => [...lines.map((line) => line.text), open?.text.trim()].filter(Boolean).join("\n"),
    down() {
      element.scrollTop = element.scrollHeight;
    },
  };
}
