// Synchronization of the transcript on the server with the one in this window.

/** @import { JobShown, Transcript } from "../service.d.ts" */
/** @import { Autosave } from "./autosave.js" */
/** @import { Store } from "./store.js" */

import * as api from "../api.js";
import { follow } from "../events.js";
import { complain, say, whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { become, opened } from "../transcript/document.js";
import { withKnownSegments } from "../transcript/merging.js";
import { decodeAgain, transcribeAgain } from "./again.js";
import { mergeOrAsk } from "./conflict.js";
import { Rerun } from "./rerun.js";
import { chooseRevision } from "./revisions.js";

export class Sync {
  #job;
  #store;
  #saving;
  #onLoad;
  #signal;
  /** @type {((job: JobShown) => void)[]} */
  #watching = [];
  /** @type {((id: string) => void)[]} */
  #deleted = [];

  /**
   * @param {JobShown} job
   * @param {Store} store
   * @param {Autosave} saving
   * @param {(transcript: Transcript) => void} loaded called when the transcript of the server has taken the place of
   *   this one
   * @param {AbortSignal} signal
   */
  constructor(job, store, saving, loaded, signal) {
    this.#job = job;
    this.#store = store;
    this.#saving = saving;
    this.#onLoad = loaded;
    this.#signal = signal;
    this.rerun = new Rerun(job.id, () => this.#load());
  }

  /**
   * `callback` follows all jobs of the server, `deleted` gets the ids of those that were deleted.
   * @param {(job: JobShown) => void} callback
   * @param {(id: string) => void} deleted
   */
  watch(callback, deleted) {
    this.#watching.push(callback);
    this.#deleted.push(deleted);
  }

  /** Load every newer transcript of the server while this window has no unsaved changes. */
  async follow() {
    /** @param {JobShown} job */
    const changed = (job) => {
      this.rerun.show(job);
      for (const watch of this.#watching) watch(job);
      const { id, revision } = job;
      const known = api.revisionOf(this.#saving.etag);
      if (id === this.#job.id && (revision ?? 0) > known) this.#load().catch(complain);
    };
    /** @param {{ jobs: JobShown[] }} all */
    const all = ({ jobs }) => {
      for (const job of jobs) changed(job);
    };
    /** @param {{ id: string }} job */
    const deleted = ({ id }) => {
      for (const watch of this.#deleted) watch(id);
    };
    await follow("api/events", { events: { jobs: all, job: changed, deleted } }, this.#signal);
  }

  #fetch() {
    return api.transcript(api.place.ofJob(this.#job.id));
  }

  async #load() {
    if (this.#saving.isDirty) return;
    const { transcript, etag } = await this.#fetch();
    if (this.#saving.isDirty || this.#signal.aborted) return;
    this.#store.change(become(this.#store.document, opened(transcript)), "loaded");
    this.#saving.settled(this.#store.document, etag);
    this.#onLoad(transcript);
    whisper(t("editor.taken"));
  }

  /**
   * Merge the change of somebody else; ask about segments that both changed.
   * @returns {Promise<string | null>} the ETag to save over, or null if the question is put off
   */
  async resolve() {
    const { transcript, etag } = await this.#fetch();
    const [mine, theirs] = [this.#store.document, opened(transcript)];
    const { segments: base } = this.#saving.base;
    const merge = await mergeOrAsk(base, mine.segments, theirs.segments);
    if (!merge || this.#signal.aborted) return null;
    const { gaps } = theirs;
    let [stored, last] = [theirs, etag];
    if (merge.mine) {
      stored = { ...mine, segments: merge.mine, gaps };
      last = await this.#saving.keep(withKnownSegments(theirs, stored), stored, etag);
      if (this.#store.document !== mine) return this.resolve(); // the user typed meanwhile
    }
    const edit = become(this.#store.document, { segments: merge.segments, gaps });
    this.#store.change(edit, "loaded");
    this.#saving.settled(withKnownSegments(stored, this.#store.document), last);
    this.#onLoad(transcript);
    if (!merge.isAsked) say(t("conflict.merged"));
    return last;
  }

  /** Restore an earlier revision that the user chooses. */
  async restore() {
    await this.#saving.now();
    const number = await chooseRevision(this.#job, this.#store.document);
    if (!number) return;
    await api.restore(this.#job.id, number, this.#saving.etag);
    await this.#load();
    say(t("revision.back"));
  }

  /** Transcribe the whole recording again with the options that the user chooses. */
  async transcribeAgain() {
    const run = await transcribeAgain(this.#job, () => this.#saving.now());
    if (run) this.rerun.show(run);
  }

  /**
   * Decode an interval again with the options that the user chooses.
   * @param {{ start: number, end: number }} span
   */
  async decodeAgain(span) {
    const range = await decodeAgain(this.#job, span, () => this.#saving.now(), this.#signal);
    if (!range) return;
    if (range.applied !== null) return this.#load();
    const apply = async () => {
      await api.applyRange(range.id);
      await this.#load();
    };
    say(t("again.changed"), { label: t("again.apply"), run: () => apply().catch(complain) });
  }
}
