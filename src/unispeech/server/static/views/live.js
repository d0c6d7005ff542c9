// Live captions from the microphone.

/** @import { Info } from "../service.d.ts" */

import * as api from "../api.js";
import { copy } from "../clipboard.js";
import { h, put } from "../dom.js";
import { Captions } from "../live/captions.js";
import { Connection } from "../live/connection.js";
import { openMicrophone, refusalKey } from "../live/microphone.js";
import { complain, say } from "../messages.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { saveFile } from "./export.js";
import { languageChoices } from "./languages.js";
import { LiveControls } from "./livecontrols.js";
import { RuleFields } from "./rules.js";

/** @type {import("../main.js").View["show"]} */
export async function show(main, signal) {
  const info = await api.info();
  if (signal.aborted) return;
  document.title = `${t("live.title")} · UniSpeech`;
  new LiveView(info, signal).showIn(main);
}

class LiveView {
  #signal;
  #choices;
  #captions = new Captions(t("live.captions"), t("live.empty"), () => this.#offerText());
  #controls = new LiveControls({
    talk: () => (this.#connection ? this.#finish() : this.#start()),
    big: () => this.#toggleBig(),
    copy: () => this.#copy().catch(complain),
    download: () => saveFile(this.#file(), `${t("live.file")}.txt`),
    clear: () => this.#captions.clear(),
  });
  /** @type {Connection | null} */
  #connection = null; // while captions run
  #isStarting = false;
  #endMicrophone = () => {};

  /**
   * @param {Info} info
   * @param {AbortSignal} signal
   */
  constructor(info, signal) {
    this.#signal = signal;
    this.#choices = new LiveChoices(info);
  }

  /** @param {HTMLElement} main */
  showIn(main) {
    const signal = this.#signal;
    const heading = h("h1", {}, t("live.title"));
    main.classList.add("live-view");
    main.append(
      h("div", { class: "live-head" }, heading, this.#choices.elements),
      this.#captions.element,
      this.#controls.element,
    );
    this.#offerText();
    this.#captions.scrollDown();
    /** @param {KeyboardEvent} event */
    const press = ({ key }) => {
      if (key === "Escape" && document.body.classList.contains("big")) this.#toggleBig();
    };
    document.addEventListener("keydown", press, { signal });
    /** @param {Event} event */
    const keepPage = (event) => {
      if (this.#connection) event.preventDefault();
    };
    addEventListener("beforeunload", keepPage, { signal });
    signal.addEventListener("abort", () => this.#leave(), { once: true });
  }

  #leave() {
    this.#endMicrophone();
    this.#connection?.stop();
    this.#captions.end();
  }

  async #start() {
    if (this.#isStarting) return;
    const controls = this.#controls;
    controls.showTrouble("");
    controls.showState(t("live.state.microphone"));
    this.#isStarting = true;
    let rate;
    try {
      rate = await this.#openMicrophone();
    } catch (error) {
      controls.showState(t("live.state.idle"));
      return controls.showTrouble(t(refusalKey(error)));
    } finally {
      this.#isStarting = false;
    }
    if (this.#signal.aborted) return this.#endMicrophone();
    this.#choices.lock(true);
    this.#captions.begin();
    this.#connection = this.#connect(rate);
    controls.showTalking(true);
    this.#offerText();
  }

  /** Open the microphone and return its sample rate. */
  async #openMicrophone() {
    const { rate, end } = await openMicrophone(
      (samples, level) => {
        this.#controls.showLevel(level);
        this.#connection?.put(samples);
      },
      () => {
        this.#controls.showTrouble(t("live.trouble.microphone"));
        this.#finish();
      },
    );
    this.#endMicrophone = end;
    return rate;
  }

  /** @param {number} rate */
  #connect(rate) {
    return new Connection(
      { options: this.#choices.values(), rate },
      {
        onEvent: (event) => {
          this.#captions.show(event);
          this.#controls.showLag(event.lag);
        },
        onState: (state) => this.#controls.showState(t(`live.state.${state}`)),
        onEnd: (trouble) => this.#end(trouble),
      },
    );
  }

  #finish() {
    if (!this.#connection) return;
    this.#endMicrophone();
    this.#controls.showLevel(0);
    this.#connection.finish();
  }

  /** @param {string | null} trouble */
  async #end(trouble) {
    const controls = this.#controls;
    this.#endMicrophone();
    this.#connection = null;
    this.#captions.end();
    this.#offerText();
    this.#choices.lock(false);
    controls.showTalking(false);
    controls.showLevel(0);
    controls.showLag(0);
    controls.showState(t(this.#captions.text ? "live.state.stopped" : "live.state.idle"));
    if (trouble) controls.showTrouble(await troubleText(trouble, this.#choices.values()));
  }

  #offerText() {
    this.#controls.offerText(Boolean(this.#captions.text), Boolean(this.#connection));
  }

  #toggleBig() {
    this.#controls.showBig(document.body.classList.toggle("big"));
    this.#captions.scrollDown();
  }

  async #copy() {
    await copy(this.#captions.text);
    say(t("export.copied"));
  }

  #file() {
    return new Blob([`${this.#captions.text}\n`], { type: "text/plain" });
  }
}

/**
 * Message for the end of a connection. A browser hides why a WebSocket was refused, so a plain request asks
 * for the reason.
 * @param {string} trouble
 * @param {Record<string, string | number | boolean>} options of the stream
 */
async function troubleText(trouble, options) {
  if (trouble === "lost") return t("live.trouble.lost");
  if (trouble !== "refused") return trouble;
  try {
    api.forgetInfo();
    await api.info();
    const { ok, message, hint } = await api.check(options);
    return ok ? t("live.trouble.refused") : [message, hint].filter(Boolean).join(": ");
  } catch (error) {
    return api.messageOf(error);
  }
}

/** Controls of the language, the task and the text rules, which are stored. */
class LiveChoices {
  #language;
  #task;
  #rules;

  /** @param {Info} info */
  constructor(info) {
    const chosen = { task: "transcribe", language: "", ...settings.get("live", {}) };
    const model = info.models.find(({ name }) => name === info.model);
    const backend = info.backends.find(({ name }) => name === info.backend);
    const tasks = ["transcribe", "translate"].filter(
      (task) =>
        backend?.options.task.values.includes(task) && (model?.tasks.includes(task) ?? true),
    );
    this.#language = h(
      "select",
      { "aria-label": t("options.language") },
      languageChoices(info, model).map(({ value, label }) =>
        h("option", { value, selected: value === chosen.language }, label),
      ),
    );
    this.#task = h(
      "select",
      { "aria-label": t("options.task"), hidden: tasks.length < 2 },
      tasks.map((task) =>
        h("option", { value: task, selected: task === chosen.task }, t(`options.task.${task}`)),
      ),
    );
    this.#rules = new RuleFields(info, "liveRules");
    const remember = () => settings.set("live", this.#engine());
    const listeners = { change: remember };
    this.elements = [
      h("div", { class: "row", on: listeners }, this.#language, this.#task),
      this.#rules.element,
    ];
  }

  #engine() {
    return { task: this.#task.value, language: this.#language.value };
  }

  /** Options of a stream. */
  values() {
    return { ...this.#engine(), ...this.#rules.values() };
  }

  /** @param {boolean} isLocked */
  lock(isLocked) {
    this.#language.disabled = isLocked;
    this.#task.disabled = isLocked;
    put(this.#rules.element, "inert", isLocked);
  }
}
