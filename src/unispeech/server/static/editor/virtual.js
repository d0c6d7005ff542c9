// Virtual list: only the rows near the screen are in the document.
//
// Heights are estimated until a row has been shown, then measured; the visible rows stay in place when an
// estimate was wrong.

import { Heights } from "./heights.js";

const BEYOND = 500; // pixels rendered above and below the screen
const MANY = 12; // new rows in one frame that count as a jump

/**
 * @template Item
 * @typedef {{ element: HTMLElement, update(item: Item): void }} Row
 */

/**
 * `make` returns the row of an item, `guess` its estimated height; `dropped` is called with a removed row,
 * `rendered` after rows were added or removed.
 * @template Item, R
 * @typedef {{
 *   make: (item: Item) => R,
 *   guess: (item: Item, width: number) => number,
 *   dropped: (row: R) => void,
 *   rendered: () => void,
 * }} Making
 */

/**
 * @template {{ key: number }} Item
 * @template {Row<Item>} R
 */
export class VirtualList {
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<number, number>} */
  #indices = new Map(); // by key
  /** @type {Map<number, { row: R, item: Item, index: number, size: number, top: number }>} */
  #shown = new Map(); // by key
  #isPlanned = false;
  #sizes = new ResizeObserver((entries) => this.#remeasure(entries));
  #container;
  #making;
  #heights;
  #signal;

  /**
   * @param {HTMLElement} container
   * @param {Making<Item, R>} making
   * @param {AbortSignal} signal
   */
  constructor(container, making, signal) {
    this.#container = container;
    this.#making = making;
    this.#signal = signal;
    this.#heights = new Heights(making.guess, container.clientWidth);
    const box = new ResizeObserver(() => this.#fitWidth());
    box.observe(container);
    addEventListener("scroll", () => this.#plan(), { passive: true, signal });
    addEventListener("resize", () => this.#plan(), { signal });
    const stop = () => {
      this.#sizes.disconnect();
      box.disconnect();
    };
    signal.addEventListener("abort", stop, { once: true });
  }

  /**
   * Replace the items; rows of the same key stay. Synchronous, so that the focus can be set afterwards.
   * @param {Item[]} items
   */
  set(items) {
    this.#items = items;
    this.#indices = new Map(items.map((item, index) => [item.key, index]));
    for (const key of [...this.#shown.keys()]) if (!this.#indices.has(key)) this.#drop(key);
    this.#heights.setItems(items);
    this.#fitHeight();
    this.#render();
  }

  /** Measure all items again, which look different; the first visible one stays in place. */
  relayout() {
    const above = -this.#container.getBoundingClientRect().top;
    const anchor = this.#heights.at(above);
    const old = this.#heights.top(anchor);
    this.#heights.setWidth(this.#container.clientWidth, this.#shownHeights());
    this.#fitHeight();
    const moved = this.#heights.top(anchor) - old;
    if (above > 0 && moved) scrollBy(0, moved);
    this.#render();
  }

  /**
   * Scroll to an item, at least `margin` pixels below the upper edge.
   * @param {number} index
   */
  scrollTo(index, { margin = 120 } = {}) {
    const go = () => {
      const top = this.#container.getBoundingClientRect().top + this.#heights.top(index);
      const bottom = top + this.#heights.top(index + 1) - this.#heights.top(index);
      if (top > margin && bottom < innerHeight - 2 * margin) return;
      scrollTo({ top: scrollY + top - Math.max(margin, innerHeight / 3) });
      this.#render();
    };
    go();
    go(); // again with measured heights
  }

  /**
   * Row of an item, if it is near the screen.
   * @param {number} index
   */
  row(index) {
    return this.#shown.get(this.#items[index]?.key)?.row;
  }

  rows() {
    return [...this.#shown.values()].map(({ row }) => row);
  }

  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => this.#render());
  }

  #render() {
    this.#isPlanned = false;
    if (this.#signal.aborted) return;
    const above = -this.#container.getBoundingClientRect().top;
    const heights = this.#heights;
    const isJump = this.#countMissing(heights.at(above), heights.at(above + innerHeight)) > MANY;
    const beyond = isJump ? 0 : BEYOND;
    if (isJump) this.#plan(); // visible rows first, the rest in the next frame
    const [first, last] = [heights.at(above - beyond), heights.at(above + innerHeight + beyond)];
    this.#clear(first, last);
    const added = this.#fill(first, last);
    if (added.length) this.#measure(added, above);
    this.#making.rendered();
    for (const [key, shown] of this.#shown) {
      const top = heights.top(this.#indices.get(key) ?? 0);
      if (shown.top === top) continue;
      shown.top = top;
      shown.row.element.style.transform = `translateY(${top}px)`;
    }
  }

  /** @type {(first: number, last: number) => number} */
  #countMissing(first, last) {
    return this.#items.slice(first, last + 1).filter(({ key }) => !this.#shown.has(key)).length;
  }

  /**
   * Remove rows out of range, except the one with the focus.
   * @param {number} first
   * @param {number} last
   */
  #clear(first, last) {
    for (const [key, { row }] of [...this.#shown]) {
      const index = this.#indices.get(key) ?? -1;
      if (index >= first && index <= last) continue;
      if (index < 0 || !row.element.contains(document.activeElement)) this.#drop(key);
    }
  }

  /** @param {number} key */
  #drop(key) {
    const shown = this.#shown.get(key);
    if (!shown) return;
    this.#making.dropped(shown.row);
    this.#sizes.unobserve(shown.row.element);
    shown.row.element.remove();
    this.#shown.delete(key);
  }

  /**
   * Add missing rows in order and return them.
   * @param {number} first
   * @param {number} last
   */
  #fill(first, last) {
    const added = [];
    const shownIndices = [...this.#shown.keys()].map((key) => this.#indices.get(key) ?? -1);
    const near = this.#items.slice(first, last + 1).map((_, i) => first + i);
    const indices = [...new Set([...shownIndices, ...near])].sort((a, b) => a - b);
    let next = this.#container.firstChild;
    for (const index of indices) {
      const item = this.#items[index];
      let shown = this.#shown.get(item.key);
      if (!shown) {
        shown = { row: this.#making.make(item), item, index: -1, size: -1, top: -1 };
        this.#shown.set(item.key, shown);
        added.push(shown);
      } else if (shown.item !== item || shown.index !== index) shown.row.update(item);
      shown.item = item;
      const { element } = shown.row;
      if (shown.index !== index) {
        shown.index = index;
        element.setAttribute("aria-posinset", String(index + 1));
      }
      if (shown.size !== this.#items.length) {
        shown.size = this.#items.length;
        element.setAttribute("aria-setsize", String(shown.size));
      }
      if (next === element) next = element.nextSibling;
      else this.#container.insertBefore(element, next);
    }
    return added;
  }

  /**
   * @param {{ row: R, index: number }[]} added
   * @param {number} above pixels of the list above the screen
   */
  #measure(added, above) {
    const anchor = this.#heights.at(above);
    const old = this.#heights.top(anchor);
    for (const { row } of added) this.#sizes.observe(row.element);
    if (!this.#heights.measure(added.map(({ row, index }) => [index, row.element.offsetHeight])))
      return;
    this.#fitHeight();
    const moved = this.#heights.top(anchor) - old;
    if (above > 0 && moved) scrollBy(0, moved);
  }

  /** @param {ResizeObserverEntry[]} entries */
  #remeasure(entries) {
    const changed = new Set(entries.map(({ target }) => target));
    const heights = this.#shownHeights((element) => changed.has(element));
    if (!this.#heights.measure(heights)) return;
    this.#fitHeight();
    this.#plan();
  }

  #fitWidth() {
    const width = this.#container.clientWidth;
    if (width === this.#heights.width) return;
    this.#heights.setWidth(width, this.#shownHeights());
    this.#fitHeight();
    this.#plan();
  }

  #fitHeight() {
    this.#container.style.height = `${this.#heights.total}px`;
  }

  /**
   * @param {(element: Element) => boolean} [isMeasured]
   * @returns {[index: number, height: number][]}
   */
  #shownHeights(isMeasured = () => true) {
    return [...this.#shown]
      .filter(([, { row }]) => isMeasured(row.element))
      .map(([key, { row }]) => [this.#indices.get(key) ?? 0, row.element.offsetHeight]);
  }
}
