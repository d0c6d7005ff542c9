// The transcript on the screen: rows for what the store holds, the word that sounds, where to go.
// The editor and the read-only view both show it.

import { h } from "../dom.js";
import { shown, speakers } from "../transcript/edits.js";
import { lastBegun } from "../transcript/times.js";
import { places } from "../transcript/words.js";
import { gapRow, guess, putCaret, segmentRow } from "./rows.js";
import { virtualList } from "./virtual.js";

const HANDS_OFF = 3000; // milliseconds after the person has scrolled in which the list does not

/** Shows `store`'s document in `container`. `options`: {readOnly, problems(segment), found(segment, at)}. */
export function transcriptView(store, player, options, signal) {
  const container = h("div", { class: "transcript", role: "list" });
  let items = [];
  let indices = new Map(); // key: index among segments
  let names = [];
  let sounding = { index: -1, word: -1, row: null };
  let scrolled = -Infinity;

  const page = {
    readOnly: options.readOnly,
    language: store.document.language,
    colour: (name) => names.indexOf(name) % 6,
    before: (segment) =>
      store.document.segments[(indices.get(segment.key) ?? 0) - 1]?.speaker ?? null,
    problems: (segment) => options.problems?.(segment) ?? [],
    marks(row, segment) {
      options.marked?.(row, segment, indices.get(segment.key));
      if (indices.get(segment.key) === sounding.index) sound(player.time, true);
    },
  };
  const list = virtualList(
    container,
    {
      make: (item) => (item.reason === undefined ? segmentRow(item, page) : gapRow(item, page)),
      guess,
      dropped: (row) => {
        row.marks?.clearAll();
        if (sounding.row === row) sounding.row = null;
      },
    },
    signal,
  );

  function draw() {
    const { segments, gaps } = store.document;
    indices = new Map(segments.map((one, index) => [one.key, index]));
    names = speakers(store.document);
    items = gaps.length
      ? [...segments, ...gaps].sort(
          (a, b) => a.start - b.start || (a.reason === undefined) - (b.reason === undefined),
        )
      : segments;
    list.set(items);
  }

  function sound(time, again = false) {
    const { segments } = store.document;
    const index = lastBegun(segments, time + 0.01);
    const segment = segments[index];
    const word = segment ? wordSounding(segment, time) : -1;
    if (!again && index === sounding.index && word === sounding.word && sounding.row) return;
    sounding.row?.marks.clear("speaking");
    sounding.row?.element.classList.remove("sounding");
    const row = segment && list.row(items === segments ? index : items.indexOf(segment));
    const moved = index !== sounding.index;
    sounding = { index, word, row: row ?? null };
    if (moved && segment) options.sounding?.(segment);
    if (!row) return;
    row.element.classList.add("sounding");
    row.marks.set(
      "speaking",
      segment,
      word < 0
        ? segment.words.length
          ? []
          : [[0, segment.text.length]]
        : [places(segment.words)[word]],
    );
  }

  function follow(playing) {
    if (!playing || !items.length || performance.now() - scrolled < HANDS_OFF) return;
    list.scrollTo(sounding.index < 0 ? 0 : itemOf(sounding.index));
  }

  const itemOf = (index) =>
    items === store.document.segments ? index : items.indexOf(store.document.segments[index]);

  const hands = ({ target }) => {
    if (!target.closest?.(".player")) scrolled = performance.now();
  };
  for (const name of ["wheel", "touchmove", "pointerdown"])
    addEventListener(name, hands, { passive: true, signal });
  player.onTime((time, playing) => {
    const before = sounding.index;
    sound(time);
    if (sounding.index !== before) follow(playing);
  });
  store.listen(draw);
  draw();

  return {
    element: container,
    draw,
    rows: list.rows,
    refresh() {
      for (const row of list.rows()) if (row.kind === "segment") row.update(row.item);
    },
    row: (element) => [...list.rows()].find((one) => one.element === element) ?? null,
    index: (row) => (row ? (indices.get(row.key) ?? -1) : -1),
    gap: (element) =>
      store.document.gaps.findIndex((gap) => list.row(items.indexOf(gap))?.element === element),
    speaking: () => sounding.index,
    /** Brings a segment to the screen. */
    reveal: (index) => list.scrollTo(itemOf(index)),
    revealGap: (gap) => {
      list.scrollTo(items.indexOf(store.document.gaps[gap]));
      return list.row(items.indexOf(store.document.gaps[gap]));
    },
    /** Puts the caret into a segment: at a letter, or "last". */
    focus(index, caret) {
      if (!store.document.segments[index]) return false;
      list.scrollTo(itemOf(index));
      const row = list.row(itemOf(index));
      if (row) putCaret(row, caret === "last" ? shown(row.item).length : caret);
      return Boolean(row);
    },
  };
}

function wordSounding(segment, time) {
  if (time > segment.end + 0.3) return -1;
  return segment.words.findLastIndex((word) => word.start <= time + 0.01);
}
