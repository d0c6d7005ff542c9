// The sound of live captions: kept in the browser while it grows, and then offered to the editor.

/** @import { Sending } from "../sending.js" */

import { confirm } from "../dialog.js";
import { h } from "../dom.js";
import { complain } from "../messages.js";
import { Recording } from "../recording.js";
import * as sending from "../sending.js";
import { number, t } from "../strings/index.js";

export class KeptRecording {
  /** @type {Recording | null} */
  #recording = null;
  /** @type {Sending | null} */
  #sending = null;
  /** @type {Record<string, unknown>} */
  #fields = {};
  #text = h("span", { class: "grow", role: "status" });
  #open = h("button", { type: "button", class: "main" });
  #discard = h("button", { type: "button" }, t("recorder.discard"));
  element = h("div", { class: "note", hidden: true }, this.#text, this.#discard, this.#open);
  #signal;

  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.#signal = signal;
    this.#open.addEventListener("click", () => this.#send().catch(complain));
    this.#discard.addEventListener("click", () => this.#ask().catch(complain));
    sending.watch(() => this.#draw(), signal);
    signal.addEventListener("abort", () => this.#leave(), { once: true });
  }

  /**
   * @param {MediaStream} stream
   * @param {Record<string, unknown>} fields of the job
   */
  begin(stream, fields) {
    this.#leave(); // an earlier one is offered in the list of recordings
    this.#fields = fields;
    this.#recording = new Recording(stream, t("live.title"));
    this.#draw();
  }

  /** Stop, and offer the recording. */
  async stop() {
    const recording = this.#recording;
    if (!recording) return;
    recording.stop();
    await recording.file;
    this.#draw();
  }

  #leave() {
    const recording = this.#recording;
    this.#recording = null;
    if (!recording || this.#sending) return;
    recording.stop();
    recording.offer();
  }

  async #send() {
    const recording = this.#recording;
    if (!recording) return;
    if (this.#sending) return sending.again(this.#sending);
    const file = await recording.file;
    sending.send([file], this.#fields, (job) => {
      recording.forget();
      this.#recording = this.#sending = null;
      if (!this.#signal.aborted) location.hash = `#/job/${job.id}`;
    });
    this.#sending = sending.all().find((one) => one.file === file) ?? null;
    this.#draw();
  }

  async #ask() {
    const isSure = await confirm(
      t("live.recording.discard"),
      t("live.recording.discard.text"),
      t("live.recording.discard"),
      { danger: true },
    );
    if (!isSure) return;
    await this.#recording?.forget();
    this.#recording = null;
    this.#draw();
  }

  #draw() {
    const current = this.#sending;
    this.element.hidden = this.#recording?.recorder.state !== "inactive";
    this.#open.textContent = t(
      current?.state === "failed" ? "trouble.again" : "live.recording.open",
    );
    this.#open.disabled = current !== null && current.state !== "failed";
    this.#discard.hidden = current !== null;
    this.#text.textContent = current ? progress(current) : t("live.recording.kept");
  }
}

/** @param {Sending} sending */
function progress({ file, sent, state, message }) {
  if (message && state !== "sending") return message;
  const share = file.size ? Math.floor((sent / file.size) * 100) / 100 : 0;
  return t("live.recording.sending", { share: number(share, { style: "percent" }) });
}
