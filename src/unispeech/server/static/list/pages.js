// The recordings of a query, loaded in pages as they come into view.

/** @import { JobInList, JobShown } from "../service.d.ts" */

export const SIZE = 100; // recordings per request

/** @typedef {{ q: string, tag: string, sort: string }} Query */

/**
 * Recording of the list; `job` is null until its page has been loaded. Keys of loaded ones are positive.
 * @typedef {{ key: number, index: number, job: JobInList | null }} Item
 */

/** @typedef {(query: Query, offset: number, limit: number) => Promise<{ jobs: JobInList[], total: number }>} Fetch */

export class Pages {
  /** @type {Map<number, JobInList[]>} */
  #pages = new Map(); // by number
  /** @type {Set<number>} */
  #fresh = new Set(); // pages that need not be loaded again
  /** @type {Set<number>} */
  #loading = new Set();
  /** @type {Map<string, number>} */
  #keys = new Map(); // by job; they outlive the pages, so that rows stay
  #generation = 0; // grows when answers on their way are out of date
  #fetch;
  #changed;
  #failed;
  /** @type {Query} */
  query;
  /** @type {number | null} null until the first answer */
  total = null;

  /**
   * @param {Query} query
   * @param {Fetch} fetch
   * @param {() => void} changed called after every change
   * @param {(error: unknown) => void} failed
   */
  constructor(query, fetch, changed, failed) {
    this.query = query;
    this.#fetch = fetch;
    this.#changed = changed;
    this.#failed = failed;
  }

  /**
   * Change the query. The list stays until the first page of the new one is there.
   * @param {Partial<Query>} change
   */
  async ask(change) {
    this.query = { ...this.query, ...change };
    await this.refresh([0], true);
  }

  /**
   * Load pages again because recordings were added or removed; the others follow when they come into view.
   * @param {number[]} numbers
   * @param {boolean} [forget] drop all other pages
   */
  async refresh(numbers, forget = false) {
    this.#generation++;
    this.#loading.clear();
    this.#fresh.clear();
    await Promise.all(numbers.map((number) => this.#load(number, forget)));
  }

  /**
   * Load the page of an item if it is missing or out of date.
   * @param {number} index
   */
  need(index) {
    const number = Math.floor(index / SIZE);
    if (!this.#fresh.has(number) && !this.#loading.has(number)) this.#load(number);
  }

  /** @returns {Item[]} */
  items() {
    return Array.from({ length: this.total ?? 0 }, (_, index) => {
      const job = this.#pages.get(Math.floor(index / SIZE))?.[index % SIZE] ?? null;
      return { key: job ? this.#keyOf(job.id) : -1 - index, index, job };
    });
  }

  /** Loaded recordings, in order. */
  loaded() {
    return [...this.#pages].sort(([a], [b]) => a - b).flatMap(([, jobs]) => jobs);
  }

  /**
   * Put a changed job in its place; false if it is not among the loaded ones.
   * @param {JobShown} job
   */
  update(job) {
    for (const jobs of this.#pages.values()) {
      const at = jobs.findIndex(({ id }) => id === job.id);
      if (at < 0) continue;
      const { filename, places } = jobs[at];
      const isSame = filename === job.filename; // else the place in the name is out of date
      jobs[at] = { ...job, places: places.filter(({ start }) => isSame || start !== null) };
      this.#changed();
      return true;
    }
    return false;
  }

  /**
   * @param {number} number
   * @param {boolean} [forget]
   */
  async #load(number, forget = false) {
    const generation = this.#generation;
    this.#loading.add(number);
    try {
      const { jobs, total } = await this.#fetch(this.query, number * SIZE, SIZE);
      if (generation !== this.#generation) return;
      if (forget) this.#pages.clear();
      this.#pages.set(number, jobs);
      this.#fresh.add(number);
      this.total = total;
      for (const known of [...this.#pages.keys()])
        if (known && known * SIZE >= total) this.#pages.delete(known);
      this.#changed();
    } catch (error) {
      if (generation === this.#generation) this.#failed(error);
    } finally {
      if (generation === this.#generation) this.#loading.delete(number);
    }
  }

  /** @param {string} id */
  #keyOf(id) {
    const key = this.#keys.get(id) ?? this.#keys.size + 1;
    this.#keys.set(id, key);
    return key;
  }
}
