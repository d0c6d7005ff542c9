// The player: media element, waveform, controls and time listeners.

/** @import { Media } from "../service.d.ts" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { Controls, SPEEDS } from "./controls.js";
import { openMedia } from "./media.js";
import { Waveform } from "./waveform.js";

const REWIND = 1; // seconds that playback goes back when it resumes

/**
 * Called with every drawn frame during playback, and with every seek (as if playing, so that the view scrolls
 * to the position).
 * @typedef {(time: number, isPlaying: boolean) => void} TimeListener
 */

/**
 * A player for the recording at `base`. Media elements send no key; if one is needed, `ticket` returns an
 * address that works without it.
 * @param {string} base
 * @param {{ duration: number | null, ticket?: (() => Promise<string>) | null }} options
 * @param {AbortSignal} signal
 */
export async function openPlayer(base, { duration, ticket }, signal) {
  /** @type {Media} */
  const media = await api.media(base).catch((error) => {
    const isMissing = error instanceof api.Trouble && error.code === "audio_not_found";
    return isMissing ? { missing: error.message } : {};
  });
  const source = await openMedia(media, ticket ?? (async () => base), signal);
  return new Player(base, { ...media, duration: media.duration ?? duration }, source, signal);
}

export class Player {
  #base;
  #media;
  #source;
  #signal;
  #audio;
  #controls;
  /** @type {Set<TimeListener>} */
  #listeners = new Set();
  /** @type {{ start: number, end: number } | null} */
  #repeated = null;
  /** @type {number | null} */
  #stopAt = null;
  #subtitleRequests = 0;
  /** @type {number | null} */
  #pausedAt = null;

  /**
   * @param {string} base
   * @param {Media} media
   * @param {Awaited<ReturnType<typeof openMedia>>} source
   * @param {AbortSignal} signal
   */
  constructor(base, media, source, signal) {
    this.#base = base;
    this.#media = media;
    this.#source = source;
    this.#signal = signal;
    this.#audio = source.element;
    this.length = media.duration ?? 0;
    this.#controls = new Controls(this);
    this.wave = new Waveform(base, this, signal);
    this.video = media.video ? h("div", { class: "video" }, this.#audio) : null;
    this.element = h(
      "section",
      { class: "player", "aria-label": t("player.title") },
      media.missing ? missingNote(media.missing) : this.wave.element,
      this.#controls.element,
      media.video ? null : this.#audio,
    );
    this.onTime((time) => this.#controls.showTime(time));
    this.#listen(this.#audio);
    this.setSpeed(settings.get("speed", 1));
    this.#controls.showTime(0);
  }

  /** @param {HTMLMediaElement} audio */
  #listen(audio) {
    audio.addEventListener("play", () => this.#frame());
    for (const name of ["pause", "seeked", "loadedmetadata"])
      audio.addEventListener(name, () => this.#tell(this.isPlaying));
    audio.addEventListener("play", () => this.#controls.showPlaying(true));
    audio.addEventListener("pause", () => this.#controls.showPlaying(false));
    audio.addEventListener("ratechange", () => this.#controls.showSpeed(audio.playbackRate));
  }

  #frame() {
    const audio = this.#audio;
    if (this.#signal.aborted) return audio.pause();
    if (this.#stopAt !== null && audio.currentTime >= this.#stopAt) {
      this.#stopAt = null;
      audio.pause();
    }
    const repeated = this.#repeated;
    if (repeated && audio.currentTime >= repeated.end) audio.currentTime = repeated.start;
    this.#tell(this.isPlaying);
    if (this.isPlaying) requestAnimationFrame(() => this.#frame());
  }

  /** @param {boolean} isPlaying */
  #tell(isPlaying) {
    for (const listener of this.#listeners) listener(this.time, isPlaying);
  }

  /** @param {TimeListener} listener */
  onTime(listener) {
    this.#listeners.add(listener);
  }

  get time() {
    return this.#audio.currentTime;
  }

  get isPlaying() {
    return !this.#audio.paused;
  }

  get isLooping() {
    return this.#repeated !== null;
  }

  /** @param {number} time */
  seek(time) {
    this.#stopAt = null;
    this.#audio.currentTime = Math.max(0, Math.min(time, this.length || time));
    this.#tell(true);
  }

  /** @param {number} by seconds */
  skip(by) {
    this.seek(this.time + by);
  }

  async play() {
    try {
      if (this.#audio.error) await this.#source.reload();
      await this.#audio.play();
    } catch {
      // The browser forbids playback, or it was paused meanwhile.
    }
  }

  pause() {
    if (this.isPlaying) this.#pausedAt = this.time;
    this.#audio.pause();
  }

  /** Pause, or resume a second before the place of the last pause. */
  toggle() {
    if (this.isPlaying) return this.pause();
    const moved = Math.abs(this.time - (this.#pausedAt ?? Number.POSITIVE_INFINITY));
    if (moved < 0.2 && !this.#audio.ended) this.seek(this.time - REWIND);
    this.play();
  }

  /**
   * Play from a time, optionally up to `end`.
   * @param {number} time
   * @param {number | null} [end]
   */
  playFrom(time, end = null) {
    this.seek(time);
    this.#stopAt = end;
    this.play();
  }

  /**
   * Loop an interval; null ends the loop.
   * @param {{ start: number, end: number } | null} span
   */
  loop(span) {
    this.#repeated = span;
    this.#controls.showLoop(this.isLooping);
    if (!span) return;
    if (this.time < span.start || this.time >= span.end) this.seek(span.start);
    this.play();
  }

  /** @param {number} by steps of speed */
  faster(by) {
    const step = SPEEDS.indexOf(this.#audio.playbackRate) + by;
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, step))]);
  }

  /** @param {number} rate */
  setSpeed(rate) {
    this.#audio.playbackRate = rate;
    this.#audio.defaultPlaybackRate = rate; // survives a reload of the element
    settings.set("speed", rate);
    this.#controls.showSpeed(rate);
  }

  /**
   * Show the current subtitles over the video, if there is one.
   * @param {Record<string, string | number>} layout
   * @param {string} language
   */
  async subtitles(layout, language) {
    if (!this.#media.video) return;
    const request = ++this.#subtitleRequests;
    const blob = await api.exported(this.#base, { format: "vtt", ...layout });
    // Browsers do not show the names of voices.
    const text = (await blob.text()).replace(/<v ([^>]*)>(?!- )/g, "$&[$1]: ");
    if (request === this.#subtitleRequests && !this.#signal.aborted)
      this.#source.caption(new Blob([text], { type: "text/vtt" }), language);
  }
}

/** @param {string} reason */
function missingNote(reason) {
  return h(
    "p",
    { class: "note doubt" },
    t("player.missing"),
    " ",
    h("span", { class: "soft" }, reason),
  );
}
