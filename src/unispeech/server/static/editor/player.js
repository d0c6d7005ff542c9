// The player: one media element, its buttons, and who wants to know where it is.

import * as api from "../api.js";
import { h, icon, iconButton, put } from "../dom.js";
import { settings } from "../settings.js";
import { number, t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { mediaElement } from "./media.js";
import { waveform } from "./waveform.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const STEP = 3; // seconds

/**
 * A player for what is at `base`. Media elements send no key: where one is needed `ticket` gives a place
 * that they may read without. Returns {element, video, seek, play, ...}; listeners of `onTime` are told
 * of every frame that is drawn while it plays, and of every seek.
 */
export async function player(base, { duration, ticket = null }, signal) {
  const media = await api
    .media(base)
    .catch((error) => (error.code === "audio_not_found" ? { missing: error.message } : {}));
  const { element, anew, caption } = await mediaElement(
    media,
    ticket ?? (async () => base),
    signal,
  );
  const listeners = new Set();
  const tell = () => {
    for (const listener of listeners) listener(element.currentTime, !element.paused);
  };
  const length = media.duration ?? duration ?? 0;
  let loop = null; // {start, end} or null
  let until = null; // where to stop, or null
  let asked = 0; // how often for subtitles

  const one = {
    media,
    length,
    get time() {
      return element.currentTime;
    },
    get playing() {
      return !element.paused;
    },
    get looping() {
      return loop !== null;
    },
    onTime: (listener) => listeners.add(listener),
    seek(time) {
      until = null;
      element.currentTime = Math.max(0, Math.min(time, length || time));
      for (const listener of listeners) listener(element.currentTime, true); // who seeks wants to see the place, paused or not
    },
    play: () =>
      (element.error ? anew().then(() => element.play()) : element.play()).catch(() => {}),
    pause: () => element.pause(),
    toggle: () => (element.paused ? one.play() : element.pause()),
    /** From a place on; to `end` where one is given. */
    playFrom(time, end = null) {
      one.seek(time);
      until = end;
      one.play();
    },
    skip: (by) => one.seek(element.currentTime + by),
    faster: (by) =>
      one.speed(
        SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(element.playbackRate) + by))],
      ),
    loop(span) {
      loop = span;
      put(controls.loop, "aria-pressed", String(loop !== null));
      if (!loop) return;
      if (element.currentTime < loop.start || element.currentTime >= loop.end) one.seek(loop.start);
      one.play();
    },
    speed(rate) {
      element.playbackRate = element.defaultPlaybackRate = rate; // the default too, which stays when it reads anew
      settings.set("speed", rate);
      controls.speed.value = String(rate);
    },
    /** The subtitles as they are now, over the picture; nothing where there is none. */
    async subtitles(layout, language) {
      if (!media.video) return;
      const mine = ++asked;
      const blob = await api.exported(base, { format: "vtt", ...layout });
      if (mine === asked && !signal.aborted) caption(blob, language);
    },
  };

  const controls = buttons(one);

  function frame() {
    if (signal.aborted) return element.pause();
    if (until !== null && element.currentTime >= until) {
      until = null;
      element.pause();
    }
    if (loop && element.currentTime >= loop.end) element.currentTime = loop.start;
    tell();
    if (!element.paused) requestAnimationFrame(frame);
  }
  element.addEventListener("play", frame);
  for (const name of ["pause", "seeked", "loadedmetadata"]) element.addEventListener(name, tell);
  element.addEventListener("play", () => controls.playing(true));
  element.addEventListener("pause", () => controls.playing(false));
  element.addEventListener("ratechange", () => {
    controls.speed.value = String(element.playbackRate);
  });

  const wave = waveform(base, one, signal);
  one.onTime((time) => controls.at(time, length));
  one.wave = wave;
  one.video = media.video ? h("div", { class: "video" }, element) : null;
  one.element = h(
    "section",
    { class: "player", "aria-label": t("player.title") },
    media.missing
      ? h(
          "p",
          { class: "note doubt" },
          t("player.missing"),
          " ",
          h("span", { class: "soft" }, media.missing),
        )
      : wave.element,
    controls.element,
    media.video ? null : element,
  );
  one.speed(settings.get("speed", 1));
  controls.at(0, length);
  return one;
}

function buttons(one) {
  const play = iconButton("play", t("player.play"), {
    class: "icon main play",
    on: { click: one.toggle },
  });
  const back = iconButton("back", t("player.back", { seconds: STEP }), {
    on: { click: () => one.skip(-STEP) },
  });
  const forward = iconButton("forward", t("player.forward", { seconds: STEP }), {
    on: { click: () => one.skip(STEP) },
  });
  const loop = iconButton("loop", t("player.loop"), {
    data: { command: "loop" },
    "aria-pressed": "false",
  });
  const time = h("span", { class: "number now" }, "0:00");
  const whole = h("span", { class: "soft number" });
  const speed = h(
    "select",
    {
      class: "speed",
      "aria-label": t("player.speed"),
      on: { change: (event) => one.speed(Number(event.target.value)) },
    },
    SPEEDS.map((rate) => h("option", { value: String(rate) }, `${number(rate)}×`)),
  );
  return {
    element: h(
      "div",
      { class: "controls" },
      play,
      back,
      forward,
      h("p", { class: "where" }, time, h("span", { class: "soft" }, " / "), whole),
      h(
        "div",
        { class: "row end" },
        loop,
        speed,
        iconButton("keys", t("keys.title"), { data: { command: "keys" } }),
      ),
    ),
    loop,
    speed,
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
