// The list of recordings: search, order, tags, several at once. Only the rows near the screen are loaded.

/** @import { JobInList, JobShown, Usage } from "../service.d.ts" */
/** @import { Item } from "./pages.js" */

import * as api from "../api.js";
import { h, put } from "../dom.js";
import { VirtualList } from "../editor/virtual.js";
import { follow } from "../events.js";
import { openMenu } from "../menu.js";
import { complain, whisper } from "../messages.js";
import { bytes, t } from "../strings/index.js";
import { stateOf } from "../views/jobs.js";
import { ChoiceBar } from "./choicebar.js";
import { Choice, changesList } from "./choosing.js";
import { FindBar } from "./findbar.js";
import { menuOf } from "./menu.js";
import { Pages, SIZE } from "./pages.js";
import { guess, JobRow } from "./row.js";

const SOON = 300; // milliseconds in which changes of the list are gathered

/** @type {import("./pages.js").Query} the search, kept while other views are shown */
let lastQuery = { q: "", tag: "", sort: "newest" };

/** The list, updated by the server until `signal` is aborted. */
export class JobList {
  #signal;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Item[]} */
  #items = [];
  /** @type {Map<string, JobShown>} */
  #known = new Map(); // by ID, to announce changes
  #choice = new Choice(() => this.#showChoice());
  #pages = new Pages(lastQuery, fetchPage, () => this.#draw(), complain);
  #find = new FindBar(lastQuery, (change) => this.#ask(change));
  #bar = new ChoiceBar(this.#choice, {
    all: () => this.#chooseAll().catch(complain),
    changed: (jobs) => {
      for (const job of jobs) this.add(job);
    },
    removed: (jobs) => {
      for (const { id } of jobs) this.#remove(id);
    },
    focus: () => this.#title.focus({ preventScroll: true }),
  });
  #title = h("h2", { id: "jobs-title", tabindex: "-1" }, t("jobs.title"));
  #list = h("ul", { class: "jobs rows", role: "list", "aria-labelledby": "jobs-title" });
  #nothing = h("p", { class: "soft", role: "status", hidden: true });
  #loading = h("p", { class: "soft", role: "status" }, t("loading"));
  #lost = h("p", { class: "note doubt", role: "status", hidden: true }, t("trouble.lost"));
  #used = h("p", { class: "soft small end number" });
  /** @type {VirtualList<Item, JobRow>} */
  #rows;
  element = h(
    "section",
    { class: "recorded", "aria-labelledby": "jobs-title" },
    h("div", { class: "row" }, this.#title, this.#used),
    this.#lost,
    this.#find.element,
    this.#bar.element,
    this.#loading,
    this.#list,
    this.#nothing,
  );

  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.#signal = signal;
    const page = {
      isChosen: (/** @type {string} */ id) => this.#choice.has(id),
      choose: (
        /** @type {number} */ index,
        /** @type {{ isOn: boolean, isRange: boolean }} */ how,
      ) => this.#choice.put(this.#items, index, how),
      openMenu: (/** @type {HTMLElement} */ button, /** @type {JobInList} */ job) =>
        openMenu(button, this.#menu(job), job.filename),
      findTag: (/** @type {string} */ tag) => this.#ask({ tag }),
    };
    this.#rows = new VirtualList(
      this.#list,
      {
        make: (item) => new JobRow(item, page),
        guess,
        dropped: () => {},
        rendered: () => this.#loadShown(),
      },
      signal,
    );
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
    this.#follow();
  }

  #follow() {
    /** @type {import("../events.js").Listener} */
    const listener = {
      events: {
        jobs: ({ jobs }) => {
          for (const job of jobs) this.#known.set(job.id, job);
          this.#refresh();
        },
        job: (job) => this.add(job),
        deleted: ({ id }) => this.#remove(id),
      },
      connection: (isThere) => {
        this.#lost.hidden = isThere;
      },
    };
    this.#refresh();
    follow("api/events", listener, this.#signal).catch(complain);
  }

  /**
   * Add or update a job.
   * @param {JobShown} job
   */
  add(job) {
    if (job.parent) return;
    const before = this.#known.get(job.id);
    if (before && before.state !== job.state) whisper(`${job.filename}: ${stateOf(job)}`);
    this.#known.set(job.id, job);
    this.#choice.update(job);
    this.#pages.update(job);
    if (!before || changesList(before, job)) this.#refreshSoon();
  }

  /** @param {string} id */
  #remove(id) {
    this.#known.delete(id);
    this.#choice.drop(id);
    this.#refreshSoon();
  }

  /** @param {Partial<import("./pages.js").Query>} change */
  #ask(change) {
    lastQuery = { ...lastQuery, ...change };
    this.#find.show(lastQuery);
    this.#pages.ask(change);
  }

  #refreshSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), SOON);
  }

  async #refresh() {
    const shown = this.#rows.rows().map(({ item }) => Math.floor(item.index / SIZE));
    await this.#pages.refresh([...new Set([0, ...shown])]);
    if (this.#signal.aborted) return;
    const about = await Promise.all([api.tags(), api.usage()]).catch(() => null);
    if (!about) return; // the list itself has complained
    const [tags, usage] = about;
    this.#find.offer(tags);
    this.#used.textContent = usedText(usage);
  }

  #loadShown() {
    for (const { item } of this.#rows.rows()) this.#pages.need(item.index);
  }

  #draw() {
    if (this.#signal.aborted) return;
    const { total } = this.#pages;
    const { q, tag } = lastQuery;
    const focused = this.#rows
      .rows()
      .find(({ element }) => element.contains(document.activeElement));
    this.#items = this.#pages.items();
    this.#rows.set(this.#items);
    if (focused && !focused.element.isConnected) this.#focusNear(focused.item.index);
    this.#loading.remove();
    this.#nothing.hidden = total !== 0;
    this.#nothing.textContent = t(q || tag ? "list.nothing" : "jobs.none");
    this.#find.element.hidden = !total && !q && !tag;
    this.#find.showCount(q || tag ? total : null);
    this.#showChoice();
  }

  /** @param {number} index */
  #focusNear(index) {
    const row = this.#rows.row(Math.min(index, this.#items.length - 1));
    (row?.element.querySelector("a") ?? this.#title).focus();
  }

  #showChoice() {
    put(this.#list, "data-choosing", this.#choice.size > 0);
    for (const row of this.#rows.rows()) row.showChoice();
    this.#bar.show(this.#pages.total ?? 0);
  }

  async #chooseAll() {
    const { jobs } = await fetchPage(this.#pages.query, 0, 500);
    this.#choice.set(jobs);
  }

  /** @param {JobInList} job */
  #menu(job) {
    return menuOf(job, {
      changed: (now) => this.add(now),
      removed: () => this.#remove(job.id),
    });
  }
}

/** @type {import("./pages.js").Fetch} */
const fetchPage = ({ q, tag, sort }, offset, limit) =>
  api.jobs({ ...(q && { q }), ...(tag && { tag }), sort, offset, limit, ranges: "false" });

/** @param {Usage} usage */
function usedText({ recordings, bytes: used, limit }) {
  if (!recordings) return "";
  const count = t("list.count", { count: recordings });
  return limit
    ? t("list.used.of", { count, used: bytes(used), limit: bytes(limit) })
    : t("list.used", { count, used: bytes(used) });
}
