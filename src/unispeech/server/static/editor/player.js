// The player: one media element, its buttons, and who wants to know where it is.

import * as api from "../api.js";
import { h, icon, iconButton, put } from "../dom.js";
import { settings } from "../settings.js";
import { clock } from "../transcript/times.js";
import { number, t } from "../strings/index.js";
import { waveform } from "./waveform.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const STEP = 3; // seconds

/**
 * A player for what is at `base`. Returns {element, video, seek, play, ...}; `heard(time)` is called
 * while it plays, for every frame that is drawn, and after every seek.
 */
export async function player(base, { duration, renewed }, signal) {
  const media = await api.media(base).catch((error) => (error.code === "audio_not_found" ? { missing: error.message } : {}));
  const element = document.createElement(media.video ? "video" : "audio");
  element.preload = "metadata";
  element.playsInline = true;
  if (!media.missing) source(element, base, media);
  const listeners = new Set();
  const tell = () => { for (const listener of listeners) listener(element.currentTime, !element.paused); };
  const length = media.duration ?? duration ?? 0;
  let loop = null; // {start, end} or null
  let until = null; // where to stop, or null

  const one = {
    media, length,
    get time() { return element.currentTime; },
    get playing() { return !element.paused; },
    get looping() { return loop !== null; },
    onTime: (listener) => listeners.add(listener),
    seek(time) {
      until = null;
      element.currentTime = Math.max(0, Math.min(time, length || time));
      tell();
    },
    play: () => element.play().catch(() => {}),
    pause: () => element.pause(),
    toggle: () => (element.paused ? one.play() : element.pause()),
    /** From a place on; to `end` where one is given. */
    playFrom(time, end = null) {
      one.seek(time);
      until = end;
      one.play();
    },
    skip: (by) => one.seek(element.currentTime + by),
    faster: (by) => speed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(element.playbackRate) + by))]),
    loop(span) {
      loop = span;
      put(controls.loop, "aria-pressed", String(loop !== null));
      if (loop && (element.currentTime < loop.start || element.currentTime >= loop.end)) one.playFrom(loop.start);
    },
    /** Subtitles from an address, shown over a picture. */
    subtitles(address, language) {
      element.querySelector("track")?.remove();
      if (!address) return;
      const track = h("track", { kind: "captions", src: address, srclang: language || "und", label: t("player.subtitles"), default: true });
      element.append(track);
      track.track.mode = "showing";
    },
  };

  const controls = buttons(one, element);
  function speed(rate) {
    element.playbackRate = rate;
    settings.set("speed", rate);
    controls.speed.value = String(rate);
  }

  function frame() {
    if (signal.aborted) return element.pause();
    if (until !== null && element.currentTime >= until) { until = null; element.pause(); }
    if (loop && element.currentTime >= loop.end) element.currentTime = loop.start;
    tell();
    if (!element.paused) requestAnimationFrame(frame);
  }
  element.addEventListener("play", frame);
  for (const name of ["pause", "seeked", "loadedmetadata"]) element.addEventListener(name, tell);
  element.addEventListener("play", () => controls.playing(true));
  element.addEventListener("pause", () => controls.playing(false));
  element.addEventListener("ratechange", () => { controls.speed.value = String(element.playbackRate); });
  signal.addEventListener("abort", () => { element.pause(); element.removeAttribute("src"); element.replaceChildren(); element.load(); }, { once: true });
  let here = base;
  renewal(element, media, renewed, (fresh) => { here = fresh; });

  const wave = waveform(() => here, one, signal);
  one.onTime((time) => controls.at(time, length));
  one.wave = wave;
  one.video = media.video ? h("div", { class: "video" }, element) : null;
  one.element = h("section", { class: "player", "aria-label": t("player.title") },
    media.missing ? h("p", { class: "note doubt" }, t("player.missing"), " ", h("span", { class: "soft" }, media.missing)) : wave.element,
    controls.element, media.video ? null : element);
  speed(settings.get("speed", 1));
  controls.at(0, length);
  return one;
}

// What came, where the browser can play it; else as it was decoded for the model.
function source(element, base, media) {
  if (!media.type) return void (element.src = `${base}/audio`);
  if (element.canPlayType(media.type)) element.append(h("source", { src: `${base}/audio`, type: media.type }));
  if (!media.video || !element.canPlayType(media.type)) element.append(h("source", { src: `${base}/audio?form=wav`, type: "audio/wav" }));
}

// A ticket ends after some hours; the place goes on where it was.
function renewal(element, media, renewed, moved) {
  if (!renewed || media.missing) return;
  let last = 0;
  element.addEventListener("error", async () => {
    if (Date.now() - last < 60_000) return;
    last = Date.now();
    const time = element.currentTime;
    const base = await renewed().catch(() => null);
    if (!base) return;
    moved(base);
    element.replaceChildren();
    source(element, base, media);
    element.load();
    element.currentTime = time;
  }, true);
}

function buttons(one, element) {
  const play = iconButton("play", t("player.play"), { class: "icon main play", on: { click: one.toggle } });
  const back = iconButton("back", t("player.back", { seconds: STEP }), { on: { click: () => one.skip(-STEP) } });
  const forward = iconButton("forward", t("player.forward", { seconds: STEP }), { on: { click: () => one.skip(STEP) } });
  const loop = iconButton("loop", t("player.loop"), { data: { command: "loop" }, "aria-pressed": "false" });
  const time = h("span", { class: "number now" }, "0:00");
  const whole = h("span", { class: "soft number" });
  const speed = h("select", { class: "speed", "aria-label": t("player.speed"), on: { change: (event) => { element.playbackRate = Number(event.target.value); settings.set("speed", element.playbackRate); } } },
    SPEEDS.map((rate) => h("option", { value: String(rate) }, `${number(rate)}×`)));
  return {
    element: h("div", { class: "controls" }, play, back, forward, h("p", { class: "where" }, time, h("span", { class: "soft" }, " / "), whole),
      h("div", { class: "row end" }, loop, speed, iconButton("keys", t("keys.title"), { data: { command: "keys" } }))),
    loop, speed,
    playing(yes) {
      play.replaceChildren(icon(yes ? "pause" : "play"));
      put(play, "aria-label", t(yes ? "player.pause" : "player.play"));
      put(play, "title", t(yes ? "player.pause" : "player.play"));
    },
    at(now, length) {
      const shown = clock(now, 1);
      if (time.textContent !== shown) time.textContent = shown;
      const all = clock(length);
      if (whole.textContent !== all) whole.textContent = all;
    },
  };
}
