// Commands that act at once: their effect on the transcript or the player, and the caret afterwards.

/** @import { Edit, TranscriptDocument } from "../transcript/document.js" */
/** @import { Navigation } from "./navigation.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { shown } from "../transcript/document.js";
import * as edits from "../transcript/edits.js";
import { caretIn } from "./caret.js";
import { STEP } from "./controls.js";

const NUDGE = 0.1; // seconds
const SHORTEST = 0.05; // seconds; shortest segment after setting its start or end
const NEW = { shortest: 0.5, longest: 2 }; // seconds of an inserted segment

/**
 * A command; it receives the row with the focus, if any.
 * @typedef {(row: SegmentRow | null) => unknown} Command
 * @typedef {{ store: Store, player: Player, view: TranscriptView, navigation: Navigation }} Page
 *
 * Create the edit of a command from the segment's index and the offset of the caret.
 * @typedef {(document: TranscriptDocument, index: number, caret: number) => Edit} Make
 */

/**
 * These commands by name.
 * @param {Page} page
 * @returns {Record<string, Command>}
 */
export function commands(page) {
  return {
    nothing: () => {},
    ...playing(page),
    ...moving(page),
    ...editing(page),
    ...timing(page),
  };
}

/**
 * Segment of a row, else the one being played.
 * @param {Page} page
 * @param {SegmentRow | null} row
 */
const indexHere = ({ view }, row) => (row ? view.index(row) : view.speaking);

/**
 * Commands of the player that need no transcript.
 * @param {Player} player
 * @returns {Record<string, () => void>}
 */
export function playerCommands(player) {
  return {
    play: () => player.toggle(),
    pause: () => player.pause(),
    zoomIn: () => player.wave.zoom(-1),
    zoomOut: () => player.wave.zoom(1),
    back: () => player.skip(-STEP),
    forward: () => player.skip(STEP),
    slower: () => player.faster(-1),
    faster: () => player.faster(1),
  };
}

/**
 * @param {Page} page
 * @returns {Record<string, Command>}
 */
function playing(page) {
  const { store, player } = page;
  return {
    ...playerCommands(player),
    replay: (row) => {
      const segment = store.document.segments[indexHere(page, row)];
      if (segment) player.playFrom(segment.start, segment.end);
    },
    loop: (row) => {
      const segment = store.document.segments[indexHere(page, row)];
      player.loop(player.isLooping ? null : (segment ?? null));
    },
  };
}

/**
 * @param {Page} page
 * @returns {Record<string, Command>}
 */
function moving(page) {
  const { store, view, navigation } = page;
  return {
    previous: (row) => view.focus(Math.max(0, indexHere(page, row) - 1), row ? "last" : 0),
    next: (row) => {
      const last = store.document.segments.length - 1;
      view.focus(Math.min(last, indexHere(page, row) + 1), 0);
    },
    doubt: (row) => navigation.goToDoubt(row, "next"),
    doubtBack: (row) => navigation.goToDoubt(row, "previous"),
    right: () => navigation.confirm(),
    undo: () => {
      if (store.undo()) navigation.showChange();
    },
    redo: () => {
      if (store.redo()) navigation.showChange();
    },
  };
}

/**
 * @param {Page} page
 * @returns {Record<string, Command>}
 */
function editing(page) {
  const { store, player, view } = page;
  /** @type {(make: Make) => Command} */
  const edit = (make) => editAt(page, make);
  return {
    split: editAt(page, edits.split, (index) => [index + 1, 0]),
    mergeBack: editAt(
      page,
      (document, index) => (index ? edits.merge(document, index - 1) : []),
      (index, _, { segments }) => [index - 1, shown(segments[index - 1]).length + 1],
    ),
    mergeOn: edit(edits.merge),
    moveBack: editAt(page, edits.moveBack, (index) => [index, 0]),
    moveOn: edit(edits.moveOn),
    insert: (row) => {
      const index = view.index(row);
      const [segment, after] = store.document.segments.slice(index, index + 2);
      if (index < 0) return;
      const { end } = segment;
      const until = Math.min(end + NEW.longest, after?.start ?? Number.POSITIVE_INFINITY);
      store.change(edits.insert(store.document, end, Math.max(end + NEW.shortest, until)));
      view.focus(index + 1, 0);
    },
    add: () => {
      const start = Math.max(0, Math.min(player.time, player.length - NEW.shortest));
      const next = store.document.segments.find((segment) => segment.start > start);
      const until = Math.min(start + NEW.longest, next?.start ?? Number.POSITIVE_INFINITY);
      const edit = edits.insert(store.document, start, Math.max(start + NEW.shortest, until));
      store.change(edit);
      view.focus(edit[0].at, 0);
    },
    remove: (row) => {
      const index = view.index(row);
      if (index < 0) return;
      store.change(edits.remove(store.document, index));
      view.focus(Math.min(index, store.document.segments.length - 1), 0);
    },
  };
}

/**
 * @param {Page} page
 * @returns {Record<string, Command>}
 */
function timing(page) {
  const { player } = page;
  /** @type {(change: (start: number, end: number) => [number, number]) => Command} */
  const times = (change) =>
    editAt(page, (document, index) => {
      const { start, end } = document.segments[index];
      const [from, to] = change(start, end);
      const isChange = from < to && (from !== start || to !== end);
      return isChange ? edits.setTimes(document, index, from, to) : [];
    });
  return {
    begins: times((_, end) => [Math.min(player.time, end - SHORTEST), end]),
    ends: times((start) => [start, Math.max(player.time, start + SHORTEST)]),
    earlier: editAt(page, (document, index) => edits.shift(document, index, -NUDGE)),
    later: editAt(page, (document, index) => edits.shift(document, index, NUDGE)),
  };
}

/**
 * Command that edits the row's segment. `after` returns the segment and offset of the caret afterwards; without
 * it the caret stays.
 * @param {Page} page
 * @param {Make} make
 * @param {(index: number, caret: number, old: TranscriptDocument) => [number, number]} [after]
 * @returns {Command}
 */
function editAt({ store, view }, make, after = (index, caret) => [index, caret]) {
  return (row) => {
    const index = view.index(row);
    if (!row || index < 0) return;
    const caret = caretIn(row) ?? 0;
    const old = store.document;
    if (store.change(make(old, index, caret))) view.focus(...after(index, caret, old));
  };
}
