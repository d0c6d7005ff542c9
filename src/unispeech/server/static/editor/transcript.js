// View of the transcript: rows of the store's document, the spoken word, and scrolling. The editor and the
// read-only view share it.

/** @import { Gap, Segment } from "../transcript/document.js" */
/** @import { Player } from "./player.js" */
/** @import { Span } from "./paint.js" */
/** @import { Store } from "./store.js" */

import { around, h } from "../dom.js";
import { shown } from "../transcript/document.js";
import { lastBegun } from "../transcript/times.js";
import { places } from "../transcript/words.js";
import { putCaret } from "./caret.js";
import { Roster } from "./roster.js";
import { GapRow, guess, SegmentRow } from "./rows.js";
import { VirtualList } from "./virtual.js";

const HANDS_OFF = 3000; // milliseconds after the user has scrolled during which the list does not

/**
 * `problems` returns the problems of a segment; `sounding` is called with each segment as its playback begins.
 * @typedef {{
 *   readOnly?: boolean,
 *   roster?: Roster,
 *   problems?: (segment: Segment) => string[],
 *   sounding: (segment: Segment) => void,
 * }} Options
 */

/**
 * Text beside each segment, such as a translation; "" for a segment without one.
 * @typedef {{ language: string, textOf: (segment: Segment) => string }} Beside
 */

export class TranscriptView {
  element = h("div", { class: "transcript", role: "list" });
  /** @type {(Segment | Gap)[]} */
  #items = [];
  /** @type {Map<number, number>} */
  #indices = new Map(); // index of each segment, by key
  /** @type {{ index: number, word: number, row: SegmentRow | null }} */
  #sounding = { index: -1, word: -1, row: null };
  /** @type {SegmentRow | null} */
  #stop = null; // the only row that Tab stops at: the last one with the focus, else one on the screen
  #scrolled = Number.NEGATIVE_INFINITY;
  /** @type {((row: SegmentRow, index: number) => void)[]} */
  #marked = [];
  /** @type {Beside | null} */
  #beside = null;
  #roster;
  #store;
  #player;
  #options;
  #list;

  /**
   * @param {Store} store
   * @param {Player} player
   * @param {Options} options
   * @param {AbortSignal} signal
   */
  constructor(store, player, options, signal) {
    this.#store = store;
    this.#player = player;
    this.#options = options;
    this.#roster = options.roster ?? new Roster(store);
    this.#list = this.#newList(signal);
    /** @param {Event} event */
    const touch = (event) => {
      if (!around(event, ".player")) this.#scrolled = performance.now();
    };
    for (const name of ["wheel", "touchmove", "pointerdown"])
      addEventListener(name, touch, { passive: true, signal });
    player.onTime((time, isPlaying) => {
      const before = this.#sounding.index;
      this.#sound(time);
      if (this.#sounding.index !== before && isPlaying) this.#follow();
    });
    this.element.addEventListener("focusin", (event) => {
      const row = this.row(around(event, ".segment"));
      if (row) this.#stopAt(row);
    });
    store.listen(() => this.draw());
    this.draw();
  }

  /** First row whose lower edge is on the screen. */
  #onScreen() {
    const rows = this.rows();
    return rows.find(({ element }) => element.getBoundingClientRect().bottom > 0) ?? rows[0];
  }

  /** @param {SegmentRow | undefined} row */
  #stopAt(row) {
    if (this.#options.readOnly || !row || row === this.#stop) return;
    if (this.#stop) this.#stop.text.tabIndex = -1;
    row.text.tabIndex = 0;
    this.#stop = row;
  }

  /** @param {AbortSignal} signal */
  #newList(signal) {
    const page = {
      readOnly: this.#options.readOnly ?? false,
      language: this.#store.document.language,
      /** @param {string} speaker */
      colour: (speaker) => this.#roster.colour(speaker),
      /** @param {Segment} segment */
      speakerBefore: (segment) =>
        this.#segments[(this.#indices.get(segment.key) ?? 0) - 1]?.speaker ?? null,
      problems: this.#options.problems ?? (() => []),
      beside: () => this.#beside,
      /** @param {SegmentRow} row */
      mark: (row) => {
        for (const mark of this.#marked) mark(row, this.index(row));
        if (this.index(row) === this.#sounding.index) this.#sound(this.#player.time, true);
      },
    };
    /** @type {VirtualList<Segment | Gap, SegmentRow | GapRow>} */
    const list = new VirtualList(
      this.element,
      {
        make: (item) => ("reason" in item ? new GapRow(item, page) : new SegmentRow(item, page)),
        guess: (item, width) =>
          guess(item, width, "reason" in item ? "" : (this.#beside?.textOf(item) ?? "")),
        dropped: (row) => {
          if (row instanceof SegmentRow) row.marks.clearAll();
          if (this.#sounding.row === row) this.#sounding.row = null;
          if (this.#stop === row) this.#stop = null;
        },
        rendered: () => {
          if (!this.#stop) this.#stopAt(this.#sounding.row ?? this.#onScreen());
        },
      },
      signal,
    );
    return list;
  }

  get #segments() {
    return this.#store.document.segments;
  }

  draw() {
    const { segments, gaps } = this.#store.document;
    this.#indices = new Map(segments.map((segment, index) => [segment.key, index]));
    this.element.classList.toggle("spoken", this.#roster.names.length > 0);
    this.#items = gaps.length ? [...gaps, ...segments].sort((a, b) => a.start - b.start) : segments;
    this.#list.set(this.#items);
    if (this.#beside) for (const row of this.rows()) row.showBeside(); // times of a neighbour may have changed
  }

  /**
   * Show a text beside each segment, or none.
   * @param {Beside | null} beside
   */
  showBeside(beside) {
    this.#beside = beside;
    this.element.classList.toggle("translated", beside !== null);
    for (const row of this.rows()) row.showBeside();
    this.#list.relayout();
  }

  /**
   * `callback` paints a row whenever its text changes.
   * @param {(row: SegmentRow, index: number) => void} callback
   */
  onMark(callback) {
    this.#marked.push(callback);
  }

  /** Rows of segments near the screen. */
  rows() {
    return this.#list.rows().filter((row) => row instanceof SegmentRow);
  }

  /** Redraw the rows. */
  refresh() {
    for (const row of this.rows()) row.update(row.segment);
  }

  /**
   * Row of an element.
   * @param {Element | null} element
   */
  row(element) {
    return this.rows().find((row) => row.element === element) ?? null;
  }

  /**
   * Index of a row's segment, or -1.
   * @param {SegmentRow | null} row
   */
  index(row) {
    return row ? (this.#indices.get(row.segment.key) ?? -1) : -1;
  }

  /**
   * Index of the gap of an element, or -1.
   * @param {Element | null} element
   */
  gap(element) {
    return this.#store.document.gaps.findIndex(
      (gap) => this.#list.row(this.#items.indexOf(gap))?.element === element,
    );
  }

  /** Index of the segment being played, or -1. */
  get speaking() {
    return this.#sounding.index;
  }

  /**
   * Scroll to a segment and return its row.
   * @param {number} index
   */
  reveal(index) {
    return this.#scrollTo(this.#segments[index]);
  }

  /**
   * Scroll to a gap and return its row.
   * @param {number} gap
   */
  revealGap(gap) {
    return this.#scrollTo(this.#store.document.gaps[gap]);
  }

  /**
   * Put the caret into a segment; false if it does not exist.
   * @param {number} index
   * @param {number | "last"} caret a letter
   */
  focus(index, caret) {
    if (!this.#segments[index]) return false;
    const row = this.reveal(index);
    if (!(row instanceof SegmentRow)) return false;
    putCaret(row, caret === "last" ? shown(row.segment).length : caret);
    return true;
  }

  /** @param {Segment | Gap} item */
  #scrollTo(item) {
    const place = this.#placeOf(item);
    this.#list.scrollTo(place);
    return this.#list.row(place);
  }

  /**
   * Index of a segment or gap in the list of rows.
   * @param {Segment | Gap} item
   */
  #placeOf(item) {
    const index = this.#items === this.#segments ? this.#indices.get(item.key) : undefined;
    return index ?? this.#items.indexOf(item);
  }

  #follow() {
    if (!this.#items.length || performance.now() - this.#scrolled < HANDS_OFF) return;
    if (this.#sounding.index < 0) this.#list.scrollTo(0);
    else this.reveal(this.#sounding.index);
  }

  /**
   * Mark the word spoken at a time.
   * @param {number} time
   * @param {boolean} [again] although it is the same
   */
  #sound(time, again = false) {
    const index = lastBegun(this.#segments, time + 0.01);
    const segment = this.#segments[index];
    const word = segment ? wordSounding(segment, time) : -1;
    const before = this.#sounding;
    if (!again && index === before.index && word === before.word && before.row) return;
    before.row?.marks.clear("speaking");
    before.row?.element.classList.remove("sounding");
    const row = segment ? this.#list.row(this.#placeOf(segment)) : null;
    this.#sounding = { index, word, row: row instanceof SegmentRow ? row : null };
    if (!segment) return;
    if (index !== before.index) this.#options.sounding(segment);
    this.#sounding.row?.element.classList.add("sounding");
    this.#sounding.row?.marks.set("speaking", segment, soundingSpans(segment, word));
  }
}

/**
 * @param {Segment} segment
 * @param {number} time
 */
function wordSounding({ words, end }, time) {
  if (time > end + 0.3) return -1;
  return words.findLastIndex((word) => word.start <= time + 0.01);
}

/**
 * Range to mark: a word, or the whole text if no word has a time.
 * @param {Segment} segment
 * @param {number} word
 * @returns {Span[]}
 */
function soundingSpans({ words, text }, word) {
  if (word >= 0) return [places(words)[word]];
  return words.length ? [] : [[0, text.length]];
}
