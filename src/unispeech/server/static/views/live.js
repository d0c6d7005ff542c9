// Live captions of a microphone or a tab.

/** @import { Info } from "../service.d.ts" */

import * as api from "../api.js";
import { copy } from "../clipboard.js";
import { h, icon, put } from "../dom.js";
import { Captions } from "../live/captions.js";
import { Connection } from "../live/connection.js";
import * as links from "../live/link.js";
import { openSource, refusal, TAB } from "../live/source.js";
import { FILES, plain, withTimes } from "../live/subtitles.js";
import { openMenu } from "../menu.js";
import { complain, say } from "../messages.js";
import { t } from "../strings/index.js";
import { saveFile } from "./export.js";
import { KeptRecording } from "./keptrecording.js";
import { LiveChoices } from "./livechoices.js";
import { LiveControls } from "./livecontrols.js";

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
    copy: (button) => openMenu(button, this.#copies(), t("export.copy")),
    download: (button) => openMenu(button, this.#files(), t("live.download")),
    clear: () => this.#captions.clear(),
  });
  /** @type {Connection | null} */
  #connection = null; // while captions run
  #isStarting = false;
  #endSource = () => {};
  #recording;
  #share;

  /**
   * @param {Info} info
   * @param {AbortSignal} signal
   */
  constructor(info, signal) {
    this.#signal = signal;
    this.#choices = new LiveChoices(info, signal);
    this.#recording = new KeptRecording(signal);
    const open = () => this.#offerLink().catch(complain);
    const attributes = { type: "button", hidden: !info.limits.caption_watchers };
    this.#share = h("button", { ...attributes, on: { click: open } });
    this.#showShared();
  }

  /** @param {HTMLElement} main */
  showIn(main) {
    const signal = this.#signal;
    const heading = h("h1", {}, t("live.title"));
    const title = h("div", { class: "row" }, heading, h("div", { class: "end" }, this.#share));
    main.classList.add("live-view");
    this.#controls.element.prepend(this.#recording.element);
    main.append(
      h("div", { class: "live-head" }, title, this.#choices.elements),
      this.#captions.element,
      this.#controls.element,
    );
    this.#offerText();
    if (this.#hasText) this.#choices.summarize(false);
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
    this.#endSource();
    this.#connection?.stop();
    this.#captions.end();
  }

  async #start() {
    if (this.#isStarting) return;
    const controls = this.#controls;
    controls.showTrouble("");
    const isTab = this.#choices.source === TAB;
    controls.showState(t(isTab ? "live.state.tab" : "live.state.microphone"));
    this.#isStarting = true;
    let source;
    try {
      source = await this.#openSource(isTab);
    } catch (error) {
      controls.showState(t("live.state.idle"));
      return controls.showTrouble(refusal(error));
    } finally {
      this.#isStarting = false;
    }
    if (this.#signal.aborted) return this.#endSource();
    await this.#choices.findMicrophones(); // their names are known now
    this.#choices.summarize(true);
    this.#captions.begin();
    if (this.#choices.keeps) this.#recording.begin(source.stream, this.#choices.job());
    this.#connection = this.#connect(source.rate);
    this.#connection.share(links.secret());
    controls.showTalking(true);
    this.#offerText();
  }

  /** @param {boolean} isTab */
  async #openSource(isTab) {
    const source = await openSource(
      this.#choices.source,
      (samples, level) => {
        this.#controls.showLevel(level);
        this.#connection?.put(samples);
      },
      () => {
        this.#controls.showTrouble(t(isTab ? "live.trouble.tab" : "live.trouble.microphone"));
        this.#finish();
      },
    );
    this.#endSource = source.end;
    return source;
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
    this.#recording.stop();
    this.#endSource();
    this.#controls.showLevel(0);
    this.#connection.finish();
  }

  /** @param {string | null} trouble */
  async #end(trouble) {
    const controls = this.#controls;
    this.#recording.stop();
    this.#endSource();
    this.#connection = null;
    this.#captions.end();
    this.#offerText();
    this.#choices.summarize(false);
    controls.showTalking(false);
    controls.showLevel(0);
    controls.showLag(0);
    controls.showState(t(this.#hasText ? "live.state.stopped" : "live.state.idle"));
    if (trouble) controls.showTrouble(await troubleText(trouble, this.#choices.values()));
  }

  #offerText() {
    this.#controls.offerText(this.#hasText, Boolean(this.#connection));
  }

  get #hasText() {
    return this.#captions.captions.length > 0;
  }

  async #offerLink() {
    const { offerLink } = await import("./watching.js");
    await offerLink((secret) => {
      this.#connection?.share(secret);
      this.#showShared();
    });
  }

  #showShared() {
    const isShared = links.secret() !== null;
    put(this.#share, "aria-pressed", String(isShared));
    this.#share.replaceChildren(icon("share"), t(isShared ? "watch.shared" : "watch.share"));
  }

  #toggleBig() {
    this.#controls.showBig(document.body.classList.toggle("big"));
    this.#captions.scrollDown();
  }

  #copies() {
    const copyAs = (/** @type {typeof plain} */ write) => async () => {
      await copy(write(this.#captions.captions));
      say(t("export.copied"));
    };
    const item = (/** @type {string} */ label, /** @type {() => Promise<void>} */ act) => ({
      label: t(label),
      run: () => act().catch(complain),
    });
    return [item("live.as.txt", copyAs(plain)), item("live.as.times", copyAs(withTimes))];
  }

  #files() {
    /** @type {(label: string, suffix: keyof typeof FILES, write?: typeof plain) => import("../menu.js").Item} */
    const item = (label, suffix, write = FILES[suffix].write) => ({
      label: t(`live.as.${label}`),
      keys: `.${suffix}`,
      run: () => {
        const text = `${write(this.#captions.captions)}\n`;
        saveFile(new Blob([text], { type: FILES[suffix].type }), `${t("live.file")}.${suffix}`);
      },
    });
    return [
      item("txt", "txt", plain),
      item("times", "txt"),
      item("srt", "srt"),
      item("vtt", "vtt"),
    ];
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
