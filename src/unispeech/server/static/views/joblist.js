// The list of recordings with their live state and actions.

/** @import { JobShown } from "../service.d.ts" */

import * as api from "../api.js";
import { h, iconButton } from "../dom.js";
import { follow } from "../events.js";
import { openMenu } from "../menu.js";
import { complain, whisper } from "../messages.js";
import { day, t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { deleteAsked, isEnded, progressOf, stateOf, waits } from "./jobs.js";

const SHOWN = 200; // jobs in the first event of the server
const OLDER = 100; // jobs per further request

/** The list, updated by the server until `signal` is aborted. */
export class JobList {
  /** @type {Map<string, JobShown>} */
  #jobs = new Map();
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  #list = h("ul", { class: "jobs" });
  #nothing = h("p", { class: "soft", hidden: true }, t("jobs.none"));
  #loading = h("p", { class: "soft", role: "status" }, t("loading"));
  #lost = h("p", { class: "note doubt", role: "status", hidden: true }, t("trouble.lost"));
  #more = h(
    "button",
    { type: "button", hidden: true, on: { click: () => this.#loadOlder().catch(complain) } },
    t("jobs.older"),
  );
  element = h(
    "section",
    { "aria-labelledby": "jobs-title" },
    h("h2", { id: "jobs-title" }, t("jobs.title")),
    this.#lost,
    this.#loading,
    this.#list,
    this.#nothing,
    this.#more,
  );

  /** @param {AbortSignal} signal */
  constructor(signal) {
    /** @type {import("../events.js").Listener} */
    const listener = {
      events: {
        jobs: ({ jobs }) => this.#setAll(jobs),
        job: (job) => this.add(job),
        deleted: ({ id }) => this.#remove(id),
      },
      connection: (isThere) => {
        this.#lost.hidden = isThere;
      },
    };
    follow("api/events", listener, signal).catch(complain);
  }

  /**
   * Add or update a job.
   * @param {JobShown} job
   */
  add(job) {
    if (job.parent) return;
    const { id, created, filename } = job;
    const before = this.#jobs.get(id);
    if (before && before.state !== job.state) whisper(`${filename}: ${stateOf(job)}`);
    this.#jobs.set(id, job);
    const row = this.#newRow(job);
    const old = this.#rows.get(id);
    this.#rows.set(id, row);
    if (old) replaceRow(old, row);
    else this.#list.insertBefore(row, this.#rowBefore(created));
    this.#nothing.hidden = true;
  }

  /**
   * First row of a job created before a time.
   * @param {number} time
   */
  #rowBefore(time) {
    const earlier = [...this.#jobs.values()].filter(({ created }) => created < time);
    const [latest] = earlier.toSorted((a, b) => b.created - a.created);
    return (latest && this.#rows.get(latest.id)) ?? null;
  }

  /** @param {string} id */
  #remove(id) {
    const row = this.#rows.get(id);
    const neighbour = row?.nextElementSibling ?? row?.previousElementSibling;
    if (row?.contains(document.activeElement)) neighbour?.querySelector("a")?.focus();
    row?.remove();
    this.#rows.delete(id);
    this.#jobs.delete(id);
    this.#nothing.hidden = this.#rows.size > 0;
  }

  /** @param {JobShown[]} jobs the latest of the server */
  #setAll(jobs) {
    const first = Math.min(...jobs.map(({ created }) => created));
    const ids = new Set(jobs.map(({ id }) => id));
    for (const { id, created } of [...this.#jobs.values()]) {
      if (created >= first && !ids.has(id)) this.#remove(id);
    }
    for (const job of jobs) this.add(job);
    this.#loading.remove();
    this.#nothing.hidden = this.#rows.size > 0;
    this.#more.hidden = jobs.length < SHOWN;
  }

  async #loadOlder() {
    const oldest = Math.min(...[...this.#jobs.values()].map(({ created }) => created));
    const { jobs } = await api.jobs({ before: oldest, limit: OLDER });
    for (const job of jobs) this.add(job);
    this.#more.hidden = jobs.length < OLDER;
  }

  /** @param {JobShown} job */
  #newRow(job) {
    const { id, filename, state, error } = job;
    const label = t("jobs.more", { name: filename });
    const more = iconButton("more", label, { "aria-haspopup": "menu", data: { part: "more" } });
    more.addEventListener("click", () => openMenu(more, this.#actions(job), filename));
    return h(
      "li",
      { class: `job ${state}` },
      h(
        "div",
        { class: "grow" },
        h("a", { href: `#/job/${id}`, dir: "auto", data: { part: "name" } }, filename),
        h("p", { class: "soft small facts" }, facts(job)),
      ),
      h(
        "div",
        { class: "state" },
        h("span", { class: `badge ${state}` }, stateOf(job)),
        waits(job) ? h("span", { class: "soft small number" }, waits(job)) : null,
      ),
      more,
      state === "running" ? progressOf(job) : null,
      state === "failed" ? h("p", { class: "why" }, error) : null,
    );
  }

  /** @param {JobShown} job */
  #actions(job) {
    const { id, state } = job;
    /** @type {(label: string, act: () => Promise<unknown>) => import("../menu.js").Item} */
    const item = (label, act) => ({ label: t(label), run: () => act().catch(complain) });
    /** @type {(label: string, view: string) => import("../menu.js").Item} */
    const link = (label, view) => ({
      label: t(label),
      run: () => {
        location.hash = `#/job/${id}/${view}`;
      },
    });
    const retry =
      state === "done"
        ? item("restart.menu", () => transcribeAgain(job))
        : item("job.retry", async () => this.add(await api.retry(id)));
    const cancel = item("job.cancel", async () => this.add(await api.cancel(id)));
    const remove = item("job.delete", async () => {
      if (await deleteAsked(job)) this.#remove(id);
    });
    const links = [link("job.export", "export"), link("job.share", "share")];
    return [
      ...(state === "done" ? links : []),
      isEnded(job) ? retry : cancel,
      { ...remove, danger: true },
    ];
  }
}

/**
 * Ask for the options of a new run, and show its progress above the text.
 * @param {JobShown} job
 */
async function transcribeAgain(job) {
  const again = await import("../editor/again.js");
  if (await again.transcribeAgain(job, async () => {})) location.hash = `#/job/${job.id}`;
}

/**
 * Replace a row, keeping the focus inside it.
 * @param {HTMLElement} old
 * @param {HTMLElement} row
 */
function replaceRow(old, row) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const part = focused instanceof HTMLElement ? focused.dataset.part : null;
  old.replaceWith(row);
  if (!part) return;
  /** @type {HTMLElement | null} */
  const target = row.querySelector(`[data-part="${part}"]`) ?? row.querySelector("a");
  target?.focus();
}

/** @param {JobShown} job */
function facts({ duration, created, backend, model }) {
  return [
    duration ? [h("span", { class: "number" }, clock(duration)), " · "] : null,
    h("time", { datetime: new Date(created * 1000).toISOString() }, day(created)),
    " · ",
    `${backend} ${model}`,
  ];
}
