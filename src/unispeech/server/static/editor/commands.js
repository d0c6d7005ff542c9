// What a command does to the transcript and where the person is afterwards.

import * as edits from "../transcript/edits.js";
import { doubtful } from "./paint.js";
import { caretIn } from "./rows.js";

const NUDGE = 0.1; // seconds

/** The commands, by name: (row or null) => whether there was anything to do. */
export function commands(page) {
  const { store, player } = page;
  const document = () => store.document;
  const at = (row) => page.index(row);

  // An edit of the row's segment; afterwards the caret is at `caret` of the segment `by` further on.
  const edit =
    (make, { by = 0, caret = null } = {}) =>
    (row) => {
      const index = at(row);
      if (index < 0) return false;
      const place = caretIn(row) ?? 0;
      const old = document();
      if (!store.change(make(old, index, place))) return false;
      page.focus(
        index + by,
        typeof caret === "function" ? caret(old, index, place) : (caret ?? place),
      );
      return true;
    };
  const length = (segment) => edits.shown(segment).length;
  const times = (change) =>
    edit((doc, index) => {
      const { start, end } = doc.segments[index];
      const [from, to] = change(start, end);
      return from < to && (from !== start || to !== end)
        ? edits.setTimes(doc, index, from, to)
        : [];
    });

  return {
    nothing: () => true,
    play: () => {
      player.toggle();
      return true;
    },
    back: () => {
      player.skip(-3);
      return true;
    },
    forward: () => {
      player.skip(3);
      return true;
    },
    slower: () => {
      player.faster(-1);
      return true;
    },
    faster: () => {
      player.faster(1);
      return true;
    },
    replay: (row) => {
      const one = document().segments[here(row)];
      if (one) player.playFrom(one.start, one.end);
      return true;
    },
    loop: (row) => {
      const one = document().segments[here(row)];
      player.loop(player.looping || !one ? null : one);
      return true;
    },
    previous: (row) => page.focus(Math.max(0, here(row) - 1), row ? "last" : 0),
    next: (row) => page.focus(Math.min(document().segments.length - 1, here(row) + 1), 0),
    doubt: (row) => toDoubt(row, 1),
    doubtBack: (row) => toDoubt(row, -1),
    split: edit((doc, index, caret) => edits.split(doc, index, caret), { by: 1, caret: 0 }),
    mergeBack: edit((doc, index) => (index ? edits.merge(doc, index - 1) : []), {
      by: -1,
      caret: (doc, index) => length(doc.segments[index - 1]) + 1,
    }),
    mergeOn: edit((doc, index) => edits.merge(doc, index)),
    moveBack: edit((doc, index, caret) => edits.moveBack(doc, index, caret), { caret: 0 }),
    moveOn: edit((doc, index, caret) => edits.moveOn(doc, index, caret)),
    begins: times((_, end) => [Math.min(player.time, end - 0.05), end]),
    ends: times((start) => [start, Math.max(player.time, start + 0.05)]),
    earlier: edit((doc, index) => edits.shift(doc, index, -NUDGE)),
    later: edit((doc, index) => edits.shift(doc, index, NUDGE)),
    insert: (row) => {
      const one = document().segments[at(row)];
      const after = document().segments[at(row) + 1];
      const end = Math.max(one.end + 0.5, Math.min(one.end + 2, after?.start ?? Infinity));
      store.change(edits.insert(document(), one.end, end));
      return page.focus(at(row) + 1, 0);
    },
    remove: (row) => {
      const index = at(row);
      if (!store.change(edits.remove(document(), index))) return false;
      return page.focus(Math.min(index, document().segments.length - 1), 0);
    },
    undo: () => {
      if (store.undo()) page.showChange();
      return true;
    },
    redo: () => {
      if (store.redo()) page.showChange();
      return true;
    },
  };

  // The row's segment, else the one that sounds.
  function here(row) {
    return row ? at(row) : page.speaking();
  }

  function toDoubt(row, direction) {
    const found = nextDoubt(row, direction);
    const done = page.goTo(found);
    page.visited = found ? position(found) : null; // the focus may leave the text for the button that goes on
    return done;
  }

  // The next doubtful word or gap after (or before) the caret: {time, segment, from, to} or {time, gap}.
  function nextDoubt(row, direction) {
    const caret = row ? (caretIn(row) ?? 0) : 0;
    const selected = row ? String(getSelection()).length : 0;
    const [index, from, to] = (row ? null : page.visited) ?? [
      Math.max(0, here(row)),
      caret - selected,
      caret,
    ];
    const all = places(document());
    const later = (one) => {
      const [i, begin] = position(one);
      return i > index || (i === index && begin >= to);
    };
    const earlier = (one) => {
      const [i, , end] = position(one);
      return i < index || (i === index && end <= from);
    };
    return direction > 0 ? (all.find(later) ?? all[0]) : (all.findLast(earlier) ?? all.at(-1));
  }
}

// Where a place is: [segment, letter, its end]; a gap is before a segment.
const position = (one) =>
  one.segment === undefined ? [one.before - 0.5, 0, 1] : [one.segment, one.from, one.to];

/** Every place that wants a look, in order: doubtful words ({segment, from, to}) and gaps ({gap, before}). */
export function places({ segments, gaps }) {
  const found = segments.flatMap((segment, index) =>
    doubtful(segment).map(([from, to]) => {
      const shift = edits.hidden(segment);
      return { segment: index, from: from - shift, to: to - shift, time: segment.start };
    }),
  );
  for (const [gap, { start }] of gaps.entries()) {
    const next = segments.findIndex((one) => one.start >= start);
    found.push({ gap, before: next < 0 ? segments.length : next, time: start });
  }
  return found.sort((one, other) => one.time - other.time || (one.from ?? 0) - (other.from ?? 0));
}
