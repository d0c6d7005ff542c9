// Offsets of items in a column. Heights are estimated until they are measured.

const ENOUGH = 5; // measured heights that estimates are fitted to

/** @template {{ key: number }} Item */
export class Heights {
  /** @type {Item[]} */
  #items = [];
  #tops = new Float64Array(1);
  /** @type {Map<number, number>} */
  #measured = new Map(); // by item key
  #guess;
  #width;
  #scale = 1; // of guesses, learnt from measured heights

  /**
   * @param {(item: Item, width: number) => number} guess
   * @param {number} width
   */
  constructor(guess, width) {
    this.#guess = guess;
    this.#width = width;
  }

  get width() {
    return this.#width;
  }

  get total() {
    return this.#tops[this.#items.length];
  }

  /** @param {number} index one past the last is the foot of all */
  top(index) {
    return this.#tops[index];
  }

  /** @param {Item[]} items */
  setItems(items) {
    this.#items = items;
    this.#place(0);
  }

  /**
   * Change the width, which discards all measured heights except the given ones. If those are several, the others
   * are estimated in proportion to them: letters and lines differ with the language, the font and the columns.
   * @param {number} width
   * @param {[index: number, height: number][]} heights
   */
  setWidth(width, heights) {
    this.#width = width;
    this.#measured = new Map(heights.map(([index, height]) => [this.#items[index].key, height]));
    this.#scale = heights.length < ENOUGH ? 1 : this.#scaleOf(heights);
    this.#place(0);
  }

  /**
   * Store measured heights. True if one differs from its estimate.
   * @param {[index: number, height: number][]} heights
   */
  measure(heights) {
    let lowest = Number.POSITIVE_INFINITY;
    for (const [index, height] of heights) {
      this.#measured.set(this.#items[index].key, height);
      if (height !== this.#tops[index + 1] - this.#tops[index]) lowest = Math.min(lowest, index);
    }
    if (!Number.isFinite(lowest)) return false;
    this.#place(lowest);
    return true;
  }

  /**
   * Index of the item at a distance from the top, clamped to the first and last.
   * @param {number} offset
   */
  at(offset) {
    let [low, high] = [0, Math.max(0, this.#items.length - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** @param {[index: number, height: number][]} heights */
  #scaleOf(heights) {
    const guesses = heights.map(([index]) => this.#guess(this.#items[index], this.#width));
    const real = heights.reduce((sum, [, height]) => sum + height, 0);
    return real / guesses.reduce((sum, height) => sum + height, 0) || 1;
  }

  /** @param {number} from the first item whose height may have changed */
  #place(from) {
    const size = this.#items.length + 1;
    if (this.#tops.length !== size) this.#tops = new Float64Array(size);
    for (let i = from; i < this.#items.length; i++) {
      const item = this.#items[i];
      const height = this.#measured.get(item.key) ?? this.#scale * this.#guess(item, this.#width);
      this.#tops[i + 1] = this.#tops[i] + height;
    }
  }
}
