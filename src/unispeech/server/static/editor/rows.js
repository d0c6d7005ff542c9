// The rows of a transcript: a segment (when, who, what) and a gap (speech without text).

import { h, icon, iconButton, put } from "../dom.js";
import { t } from "../strings/index.js";
import { hidden, shown } from "../transcript/edits.js";
import { clock } from "../transcript/times.js";
import { doubtful, marksOf } from "./paint.js";

/** A row for a segment. `page` is what the editor lets rows ask: {readOnly, language, before, colour, problems, marks}. */
export function segmentRow(segment, page) {
  const time = h("button", { type: "button", class: "time", tabindex: "-1", data: { do: "play" } });
  const speaker = h(page.readOnly ? "span" : "button", {
    class: "speaker",
    ...(page.readOnly
      ? {}
      : { type: "button", tabindex: "-1", "aria-haspopup": "menu", data: { do: "speaker" } }),
  });
  const text = h("div", { class: "text", dir: "auto", lang: page.language || null });
  if (!page.readOnly)
    for (const [name, value] of Object.entries({
      contenteditable: "plaintext-only",
      role: "textbox",
      "aria-multiline": "true",
      spellcheck: "true",
      autocapitalize: "off",
    }))
      put(text, name, value);
  const problems = h("ul", { class: "problems small" });
  const more = page.readOnly
    ? null
    : iconButton("more", "", {
        class: "icon bare more",
        tabindex: "-1",
        "aria-haspopup": "menu",
        data: { do: "menu" },
      });
  const element = h(
    "div",
    { class: "segment", role: "listitem" },
    time,
    h("div", { class: "body" }, speaker, text, problems),
    more,
  );
  const marks = marksOf(text);
  const row = { element, text, marks, kind: "segment", update };

  function update(next) {
    if (text.textContent.trim() !== shown(next)) text.textContent = shown(next);
    const name = next.speaker ?? "";
    const first = page.before(next) !== next.speaker;
    time.textContent = clock(next.start);
    put(time, "aria-label", t("segment.play", { time: clock(next.start) }));
    speaker.textContent = name || t("segment.nobody");
    put(speaker, "dir", "auto");
    put(
      speaker,
      "aria-label",
      page.readOnly ? null : t("segment.speaker", { name: name || t("segment.nobody") }),
    );
    element.classList.toggle("named", Boolean(name) && first);
    element.classList.toggle("repeats", Boolean(name) && !first);
    if (name) element.dataset.colour = page.colour(name);
    else delete element.dataset.colour;
    if (!page.readOnly) {
      put(
        text,
        "aria-label",
        [clock(next.start), name, t("segment.text")].filter(Boolean).join(", "),
      );
      put(more, "aria-label", t("segment.more", { time: clock(next.start) }));
    }
    const wrong = page.problems(next);
    problems.replaceChildren(...wrong.map((one) => h("li", {}, one)));
    problems.hidden = !wrong.length;
    marks.set("doubt", next, doubtful(next));
    page.marks(row, next);
  }

  update(segment);
  return row;
}

/** A row for a gap. */
export function gapRow(gap, page) {
  const act = (name, label, drawing) =>
    h("button", { type: "button", data: { do: name } }, drawing ? icon(drawing) : null, label);
  const element = h(
    "div",
    { class: "gap", role: "listitem" },
    h(
      "button",
      {
        type: "button",
        class: "time",
        data: { do: "play" },
        "aria-label": t("segment.play", { time: clock(gap.start) }),
      },
      clock(gap.start),
    ),
    h(
      "div",
      { class: "body" },
      h(
        "p",
        {},
        h("strong", {}, t("gap.title", { seconds: Math.round((gap.end - gap.start) * 10) / 10 })),
        " ",
        h("span", { class: "soft" }, t("gap.text")),
      ),
      page.readOnly
        ? null
        : h(
            "div",
            { class: "row" },
            act("again", t("gap.again"), "again"),
            act("write", t("gap.write")),
            act("close", t("gap.close")),
          ),
    ),
  );
  return { element, kind: "gap", update: () => {} };
}

/** How high a row will be, before it is seen. */
export function guess(item, width) {
  if (item.reason !== undefined) return width < 560 ? 132 : 96;
  const letters = Math.max(20, (Math.min(width, 760) - 130) / 8.2);
  return 10 + 28 * Math.max(1, Math.ceil(shown(item).length / letters));
}

/** The caret in a row's text, in letters of what is shown; null where it is not there. */
export function caretIn(row) {
  const selection = getSelection();
  if (!selection.rangeCount || !row.text.contains(selection.focusNode)) return null;
  const node = row.text.firstChild;
  if (!node || selection.focusNode !== node) return 0;
  const lead = node.data.length - node.data.trimStart().length;
  return Math.max(0, selection.focusOffset - lead);
}

export function putCaret(row, offset) {
  row.text.focus({ preventScroll: true });
  const node = row.text.firstChild;
  if (node) getSelection().collapse(node, Math.max(0, Math.min(offset, node.data.length)));
}

/** The letter of the segment's whole text under a point of the screen, or null. */
export function letterAt(row, segment, x, y) {
  const found = document.caretPositionFromPoint?.(x, y) ?? rangeAt(x, y);
  if (!found || found.offsetNode !== row.text.firstChild) return null;
  const node = row.text.firstChild;
  return found.offset - (node.data.length - node.data.trimStart().length) + hidden(segment);
}

function rangeAt(x, y) {
  const range = document.caretRangeFromPoint?.(x, y);
  return range && { offsetNode: range.startContainer, offset: range.startOffset };
}
