// Recordings that are chosen, to do something with several at once.

/** @import { JobShown } from "../service.d.ts" */
/** @import { Item } from "./pages.js" */

export const MOST = 500; // recordings of one export

export class Choice {
  /** @type {Map<string, JobShown>} */
  #jobs = new Map();
  #last = ""; // ID of the last choice, from which Shift chooses
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  get size() {
    return this.#jobs.size;
  }

  get jobs() {
    return [...this.#jobs.values()];
  }

  /** @param {string} id */
  has(id) {
    return this.#jobs.has(id);
  }

  /**
   * Choose or drop an item; with `isRange`, all from the last one to it.
   * @param {Item[]} items
   * @param {number} index
   * @param {{ isOn: boolean, isRange: boolean }} how
   */
  put(items, index, { isOn, isRange }) {
    const from = isRange ? items.findIndex(({ job }) => job?.id === this.#last) : -1;
    const [first, last] =
      from < 0 ? [index, index] : [Math.min(from, index), Math.max(from, index)];
    for (const { job } of items.slice(first, last + 1)) {
      if (!job) continue;
      if (!isOn) this.#jobs.delete(job.id);
      else if (this.size < MOST) this.#jobs.set(job.id, job);
    }
    this.#last = items[index]?.job?.id ?? "";
    this.#changed();
  }

  /** @param {JobShown[]} jobs */
  set(jobs) {
    this.#jobs = new Map(jobs.slice(0, MOST).map((job) => [job.id, job]));
    this.#last = "";
    this.#changed();
  }

  /**
   * Keep the state of a chosen job up to date.
   * @param {JobShown} job
   */
  update(job) {
    if (!this.#jobs.has(job.id)) return;
    this.#jobs.set(job.id, job);
    this.#changed();
  }

  /** @param {string} id */
  drop(id) {
    if (this.#jobs.delete(id)) this.#changed();
  }
}

/**
 * True if a change of a recording may move it in the list, or add or remove it; its progress does not.
 * @typedef {{ state: string, filename: string, tags: string[] }} Facts
 * @param {Facts} before
 * @param {Facts} now
 */
export function changesList(before, now) {
  const facts = [before, now].map(({ state, filename, tags }) => [state, filename, tags]);
  return JSON.stringify(facts[0]) !== JSON.stringify(facts[1]);
}

/**
 * Tags that all of these recordings have.
 * @param {{ tags: string[] }[]} jobs
 */
export function commonTags(jobs) {
  const [first, ...rest] = jobs;
  return (first?.tags ?? []).filter((tag) => rest.every(({ tags }) => tags.includes(tag)));
}

/**
 * Tags of a recording after those that several have in common were edited.
 * @param {string[]} tags
 * @param {{ before: string[], after: string[] }} common
 */
export function editedTags(tags, { before, after }) {
  const kept = tags.filter((tag) => !before.includes(tag) || after.includes(tag));
  return [...new Set([...kept, ...after])];
}

const COMMA = /[,，、،]/;

/**
 * Tags in a text, separated by commas. A tag in double quotes may contain commas; `""` is a quote in it. Keyboards
 * of phones type curly quotes.
 * @param {string} text
 */
export function parsedTags(text) {
  const parts =
    text.match(/\s*(?:"(?:[^"]|"")*"|[“„][^“”„]*[“”])\s*(?=[,，、،]|$)|[^,，、،]+/g) ?? [];
  const tags = parts.map((part) => unquoted(part.trim()).trim());
  return [...new Set(tags.filter(Boolean))];
}

/** @param {string} tag */
function unquoted(tag) {
  if (/^"(?:[^"]|"")*"$/.test(tag)) return tag.slice(1, -1).replaceAll('""', '"');
  return /^[“„].*[“”]$/.test(tag) && COMMA.test(tag) ? tag.slice(1, -1) : tag;
}

/**
 * Tags as a text that `parsedTags` reads.
 * @param {string[]} tags
 */
export const writtenTags = (tags) =>
  tags
    .map((tag) => (COMMA.test(tag) || tag.startsWith('"') ? `"${tag.replaceAll('"', '""')}"` : tag))
    .join(", ");

/**
 * Options in which all of these jobs agree.
 * @template {{ options: Record<string, unknown> }} Job
 * @param {Job[]} jobs
 * @returns {Job["options"]}
 */
export function commonOptions(jobs) {
  const [first, ...rest] = jobs;
  const same = Object.entries(first.options).filter(([name, value]) =>
    rest.every(({ options }) => JSON.stringify(options[name]) === JSON.stringify(value)),
  );
  return Object.fromEntries(same);
}
