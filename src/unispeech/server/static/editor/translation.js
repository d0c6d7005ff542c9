// The English translation of the recording: asked for, shown beside the text, hidden and deleted.

/** @import { JobShown, TranslatedSegment, Transcript } from "../service.d.ts" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { complain, say, whisper } from "../messages.js";
import { settings } from "../settings.js";
import { number, t } from "../strings/index.js";
import { isEnded, progressOf } from "../views/jobs.js";
import { BesideTexts } from "./besidetexts.js";
import { Note } from "./note.js";

const SETTING = "translation";

export class Translation {
  #note = new Note("translating");
  /** @type {string | null} */
  #source = null; // id of the job that the segments come from
  /** @type {string | null} */
  #running = null; // id of the job that is being translated
  #newest = 0; // Unix time of the newest request
  #isForeign = false;
  #job;
  #beside;

  /**
   * @param {JobShown} job
   * @param {Transcript} transcript
   * @param {Store} store
   * @param {TranscriptView} view
   */
  constructor(job, transcript, store, view) {
    this.#job = job;
    this.#beside = new BesideTexts(store, view);
    this.read(transcript);
  }

  /**
   * Read from a newer transcript whether there is something to translate.
   * @param {Transcript} transcript
   */
  read({ language, languages = [] }) {
    this.#isForeign = [language, ...languages].some((code) => code !== "en");
  }

  /** The progress of a translation. */
  get element() {
    return this.#note.element;
  }

  get isThere() {
    return this.#source !== null;
  }

  /**
   * Entries of the menu.
   * @returns {import("../menu.js").Item[]}
   */
  get items() {
    const start = () => this.#start().catch(complain);
    const isUseful = this.#isForeign && this.#job.options.task !== "translate";
    const canStart = isUseful && !this.#running;
    if (!this.isThere) return canStart ? [{ label: t("translation.menu"), run: start }] : [];
    const toggle = { label: t("translation.show"), checked: this.#isShown };
    const remove = () => this.#delete().catch(complain);
    return [
      { ...toggle, run: () => this.#toggle() },
      ...(canStart ? [{ label: t("translation.again"), run: start }] : []),
      { label: t("translation.delete"), danger: true, run: remove },
    ];
  }

  /** Fetch the translation and show it. */
  async load() {
    const { job, source, language, segments } = await api.translation(this.#job.id);
    this.#newest = Math.max(this.#newest, job.created);
    this.#set(source, segments, language);
  }

  /**
   * Follow a job of the server, if it is this recording or translates it.
   * @param {JobShown} job
   */
  show(job) {
    if (job.id === this.#job.id) this.#job = job;
    const { parent, applies, range, options, created } = job;
    if (parent !== this.#job.id || applies || options.task !== "translate") return;
    if (range?.[0] !== 0 || range[1] !== null || created < this.#newest) return;
    this.#newest = created;
    if (!isEnded(job)) this.#showProgress(job);
    else this.#end(job);
  }

  /**
   * A job was deleted, perhaps in another window.
   * @param {string} id
   */
  forget(id) {
    if (id === this.#running) this.#stop();
    if (id === this.#source) this.#set(null, []);
  }

  get #isShown() {
    return settings.get(SETTING, true);
  }

  async #start() {
    this.show((await api.translate(this.#job.id)).job);
  }

  async #delete() {
    await api.deleteTranslation(this.#job.id);
    this.#stop();
    this.#set(null, []);
    say(t("translation.deleted"));
  }

  #toggle() {
    settings.set(SETTING, !this.#isShown);
    this.#draw();
  }

  #stop() {
    this.#running = null;
    this.#note.hide();
  }

  /** @param {JobShown} job */
  #showProgress(job) {
    const { id, model, done, duration } = job;
    const going = t("translation.going", { model });
    if (this.#running !== id) whisper(going);
    this.#running = id;
    const share = duration ? number(Math.min(1, done / duration), { style: "percent" }) : "";
    this.#note.show(
      [h("p", {}, going, h("span", { class: "soft" }, ` ${share}`))],
      [[t("job.cancel"), () => api.cancel(id)]],
      progressOf(job),
    );
  }

  /** @param {JobShown} job */
  #end({ id, state, error }) {
    const wasRunning = id === this.#running;
    if (wasRunning) this.#stop();
    if (state === "done" && id !== this.#source) {
      const loaded = () => wasRunning && whisper(t("translation.done"));
      this.load().then(loaded, complain);
    } else if (wasRunning && state === "failed")
      complain(new api.Trouble(t("translation.failed", { reason: error })));
    else if (wasRunning && state === "cancelled") whisper(t("translation.cancelled"));
  }

  /**
   * @param {string | null} source
   * @param {TranslatedSegment[]} segments
   */
  #set(source, segments, language = "") {
    this.#source = source;
    this.#beside.set(segments, language);
    this.#draw();
  }

  #draw() {
    this.#beside.show(this.isThere && this.#isShown);
  }
}
