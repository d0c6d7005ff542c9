// The note above a text whose recording is being transcribed again: progress, cancel, and the question if the
// text was edited meanwhile. Every window that shows the recording has it.

/** @import { JobShown } from "../service.d.ts" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { complain, whisper } from "../messages.js";
import { number, t } from "../strings/index.js";
import { progressOf } from "../views/jobs.js";
import { Note } from "./note.js";

export class Rerun {
  #note = new Note("rerun");
  /** @type {string | null} */
  #running = null; // id of the shown run
  #parent;
  #load;

  /**
   * @param {string} parent
   * @param {() => Promise<void>} load loads the transcript of the server
   */
  constructor(parent, load) {
    this.#parent = parent;
    this.#load = load;
  }

  get element() {
    return this.#note.element;
  }

  /**
   * Show the state of a job if it is a run over the whole recording whose result replaces the text: others, such as
   * translations, leave it alone.
   * @param {JobShown} job
   */
  show(job) {
    if (job.parent !== this.#parent || !job.applies) return;
    if (job.range?.[0] !== 0 || job.range[1] !== null) return;
    if (job.state === "queued" || job.state === "running") this.#showProgress(job);
    else if (job.id === this.#running) this.#end(job);
  }

  /** @param {JobShown} job */
  #showProgress(job) {
    const { id, model, done, duration } = job;
    if (this.#running !== id) whisper(t("restart.going", { model }));
    this.#running = id;
    const share = duration ? number(Math.min(1, done / duration), { style: "percent" }) : "";
    this.#note.show(
      [h("p", {}, t("restart.going", { model }), h("span", { class: "soft" }, ` ${share}`))],
      [[t("job.cancel"), () => api.cancel(id)]],
      progressOf(job),
    );
  }

  /** @param {JobShown} job */
  #end({ id, state, applied, error }) {
    this.#running = null;
    this.#note.hide();
    if (state === "failed") complain(new api.Trouble(t("restart.failed", { reason: error })));
    if (state === "cancelled") whisper(t("restart.cancelled"));
    if (state !== "done" || applied !== null) return;
    const take = () => api.applyRange(id).then(this.#load);
    this.#note.show(
      [h("p", {}, t("restart.changed"))],
      [
        [t("restart.keep"), async () => {}],
        [t("again.apply"), take],
      ],
    );
  }
}
