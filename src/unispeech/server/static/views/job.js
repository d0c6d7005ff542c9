// A recording: its text while it is decoded, then the editor.

/** @import { JobInFull, JobShown } from "../service.d.ts" */

import * as api from "../api.js";
import { h, icon } from "../dom.js";
import { follow } from "../events.js";
import { complain, whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { deleteAsked, isEnded, progressOf, stateOf, waits } from "./jobs.js";

const FOOT = 120; // pixels from the end of the page within which it scrolls with new text

/** @type {import("../main.js").View["show"]} */
export async function show(main, signal, id) {
  const job = await api.job(id);
  if (signal.aborted) return;
  document.title = `${job.filename} · UniSpeech`;
  if (job.revision !== null) await showEditor(main, signal, job);
  else new Waiting(main, signal, job);
}

/**
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 * @param {JobInFull} job
 */
async function showEditor(main, signal, job) {
  const editor = await import("../editor/editor.js");
  await editor.show(main, signal, job);
}

/** An unfinished job: its state, its actions and the text so far. */
class Waiting {
  #head = h("div", { class: "waiting-head" });
  #lost = h("p", { class: "note doubt", role: "status", hidden: true }, t("trouble.lost"));
  #text;
  #main;
  #signal;
  #job;
  #isDone = false; // several states arrive at once after a lost connection

  /**
   * @param {HTMLElement} main
   * @param {AbortSignal} signal
   * @param {JobShown} job
   */
  constructor(main, signal, job) {
    this.#main = main;
    this.#signal = signal;
    this.#job = job;
    this.#text = h("div", {
      class: "live",
      role: "log",
      "aria-label": t("waiting.text"),
      lang: job.options.language,
      tabindex: "0",
    });
    const back = h("a", { href: "#/", class: "back" }, icon("left"), t("nav.recordings"));
    main.classList.add("waiting");
    main.append(back, this.#head, this.#lost, this.#text);
    this.#draw();
    this.#follow();
    if (job.state === "queued") this.#followPlace();
  }

  #draw() {
    const { activeElement } = document;
    const isInside = activeElement instanceof HTMLElement && this.#head.contains(activeElement);
    const part = isInside ? activeElement.dataset.part : null;
    this.#head.replaceChildren(...this.#heading());
    /** @type {HTMLElement | null} */
    const same = part ? this.#head.querySelector(`[data-part="${part}"]`) : null;
    same?.focus();
    const isQueued = this.#job.state === "queued";
    this.#text.dataset.empty = t(isQueued ? "waiting.queued" : "waiting.first");
    this.#text.hidden = isEnded(this.#job) && !this.#text.childElementCount;
  }

  /** @param {Partial<JobShown>} facts */
  #update(facts) {
    this.#job = { ...this.#job, ...facts };
    this.#draw();
  }

  #follow() {
    /** @type {import("../events.js").Listener} */
    const listener = {
      events: {
        state: ({ state }) => {
          whisper(t(`state.${state}`));
          if (state === "deleted") return "end";
          this.#fetch().catch(complain);
        },
        segment: (segment) => this.#append(segment),
        progress: (facts) => this.#update(facts),
      },
      connection: (isThere) => {
        this.#lost.hidden = isThere;
      },
      isOver: () => isEnded(this.#job),
    };
    follow(`api/jobs/${this.#job.id}/events`, listener, this.#signal).catch(complain);
  }

  /** Only the stream of all jobs has the position in the queue. */
  #followPlace() {
    /** @param {JobShown} job */
    const changed = ({ id, position, state }) => {
      if (id !== this.#job.id) return;
      this.#update({ position });
      if (state !== "queued") return "end";
    };
    follow("api/events", { events: { job: changed } }, this.#signal).catch(complain);
  }

  async #fetch() {
    const job = await api.job(this.#job.id);
    if (this.#signal.aborted || this.#isDone) return;
    this.#job = job;
    this.#isDone = job.state === "done";
    if (!this.#isDone) return this.#draw();
    whisper(t("waiting.done"));
    this.#main.replaceChildren();
    this.#main.className = "";
    await showEditor(this.#main, this.#signal, job);
  }

  #heading() {
    const job = this.#job;
    const { state, duration, done } = job;
    const isRunning = state === "running";
    const progress =
      isRunning && duration ? t("waiting.of", { done: clock(done), all: clock(duration) }) : "";
    const facts = [stateOf(job), waits(job), progress].filter(Boolean);
    const failure = h(
      "p",
      { class: "note trouble" },
      h("strong", { lang: "en" }, job.error),
      h("span", {}, t("job.failed")),
    );
    return [
      h("h1", { dir: "auto" }, job.filename),
      h("p", { class: "soft number" }, facts.join(" · ")),
      ...(isRunning || state === "queued" ? [progressOf(job)] : []),
      ...(state === "failed" ? [failure] : []),
      h("div", { class: "row" }, this.#buttons()),
    ];
  }

  #buttons() {
    const { id } = this.#job;
    /** @type {(part: string, kind: string, label: string, act: () => Promise<unknown>) => HTMLElement} */
    const button = (part, kind, label, act) => {
      const click = () => act().catch(complain);
      return h(
        "button",
        { type: "button", class: kind || null, data: { part }, on: { click } },
        t(label),
      );
    };
    const remove = async () => {
      if (await deleteAsked(this.#job)) location.hash = "#/";
    };
    return [
      isEnded(this.#job)
        ? button("again", "main", "job.retry", () => this.#change(api.retry(id)))
        : button("cancel", "", "job.cancel", () => this.#change(api.cancel(id))),
      button("delete", "bare danger", "job.delete", remove),
      isEnded(this.#job) ? null : h("span", { class: "soft small end" }, t("waiting.close")),
    ];
  }

  /** @param {Promise<JobShown>} change */
  async #change(change) {
    const before = this.#job.state;
    this.#job = await change;
    this.#draw();
    if (before !== "queued" && this.#job.state === "queued") location.reload();
  }

  /** @param {{ start: number, text: string }} segment */
  #append({ start, text }) {
    const page = document.documentElement;
    const isAtFoot = innerHeight + scrollY > page.scrollHeight - FOOT;
    const time = h("time", {}, clock(start));
    this.#text.append(h("p", {}, time, h("span", { dir: "auto" }, text.trim())));
    this.#text.hidden = false;
    if (isAtFoot) scrollTo({ top: page.scrollHeight });
  }
}
