// The media element: its source, its recovery from errors, and its subtitles.

/** @import { Media } from "../service.d.ts" */

import { h } from "../dom.js";
import { t } from "../strings/index.js";

const PATIENCE = 60_000; // milliseconds between two attempts to reload after an error

/**
 * An <audio> or <video> for a recording, with `reload` to load it again and `caption` to show subtitles.
 * `place` returns the address. It is called again after an error, because tickets expire after some hours and
 * servers restart.
 * @param {Media} media
 * @param {() => Promise<string>} place
 * @param {AbortSignal} signal
 */
export async function openMedia(media, place, signal) {
  const element = h(media.video ? "video" : "audio", { preload: "metadata", playsinline: true });
  if (!media.missing) setSources(element, await place(), media);

  /** @type {Promise<void> | null} */
  let reloading = null;

  /** Load again and continue at the same time; concurrent calls share one reload. */
  function reload() {
    reloading ??= readAnew().finally(() => {
      reloading = null;
    });
    return reloading;
  }

  async function readAnew() {
    const { currentTime, paused } = element;
    const source = await place();
    clearSources(element);
    setSources(element, source, media);
    element.load();
    element.currentTime = currentTime;
    if (!paused) await element.play();
  }

  let mended = Number.NEGATIVE_INFINITY;
  element.addEventListener(
    "error",
    ({ target }) => {
      const isRecent = performance.now() - mended < PATIENCE;
      if (target instanceof HTMLTrackElement || media.missing || isRecent) return;
      mended = performance.now();
      reload().catch(() => {});
    },
    { capture: true, signal },
  );
  const end = () => {
    element.pause();
    setCaption(element, null);
    clearSources(element);
    element.load();
  };
  signal.addEventListener("abort", end, { once: true });
  return {
    element,
    reload,
    /** @type {(text: Blob, language: string) => void} */
    caption: (text, language) => setCaption(element, text, language),
  };
}

/**
 * The original recording if the browser can play it, else the audio decoded for the model.
 * @param {HTMLMediaElement} element
 * @param {string} place
 * @param {Media} media
 */
function setSources(element, place, { type, video }) {
  if (!type) {
    element.src = `${place}/audio`;
    return;
  }
  const canPlay = element.canPlayType(type);
  if (canPlay) element.append(h("source", { src: `${place}/audio`, type }));
  if (!video || !canPlay)
    element.append(h("source", { src: `${place}/audio?form=wav`, type: "audio/wav" }));
}

/** @param {HTMLMediaElement} element */
function clearSources(element) {
  element.removeAttribute("src");
  for (const source of element.querySelectorAll("source")) source.remove();
}

/**
 * Subtitles over the video. A track sends no key with its request, so the text is fetched for it.
 * @param {HTMLMediaElement} element
 * @param {Blob | null} text null takes them away
 */
function setCaption(element, text, language = "") {
  const old = element.querySelector("track");
  if (old) URL.revokeObjectURL(old.src);
  old?.remove();
  if (!text) return;
  const track = h("track", {
    kind: "captions",
    src: URL.createObjectURL(text),
    srclang: language || "und",
    label: t("player.subtitles"),
    default: true,
  });
  // Leave an empty line below, away from the edge of the video.
  track.addEventListener("load", () => {
    for (const cue of track.track.cues ?? []) {
      if (cue instanceof VTTCue) cue.line = -1 - cue.text.split("\n").length;
    }
  });
  element.append(track);
  track.track.mode = "showing";
}
