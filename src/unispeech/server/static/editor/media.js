// The element that plays: where it reads, what happens when it can no longer, and its subtitles.

/** @import { Media } from "../service.d.ts" */

import { h } from "../dom.js";
import { t } from "../strings/index.js";

const PATIENCE = 60_000; // milliseconds between two attempts to mend what does not play

/**
 * An <audio> or <video> for a recording, with `reload` to read it anew and `caption` to put subtitles over
 * it. `place` gives the address; it is asked again when the element breaks off, for a ticket ends after some
 * hours and a server restarts.
 * @param {Media} media
 * @param {() => Promise<string>} place
 * @param {AbortSignal} signal
 */
export async function openMedia(media, place, signal) {
  const element = h(media.video ? "video" : "audio", { preload: "metadata", playsinline: true });
  if (!media.missing) setSources(element, await place(), media);

  /** @type {Promise<void> | null} */
  let reloading = null;

  /** Reads anew and goes on where it was; once, however many ask for it meanwhile. */
  function reload() {
    reloading ??= readAnew().finally(() => {
      reloading = null;
    });
    return reloading;
  }

  async function readAnew() {
    const { currentTime, paused } = element;
    const fresh = await place();
    clearSources(element);
    setSources(element, fresh, media);
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
 * The recording as it came, where the browser can play it; else as it was decoded for the model.
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
 * Subtitles over the picture. A track would send no key with its request, so it is given a fetched text.
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
  // Not at the very edge of the picture: a line of room under the last one.
  track.addEventListener("load", () => {
    for (const cue of track.track.cues ?? []) {
      if (cue instanceof VTTCue) cue.line = -1 - cue.text.split("\n").length;
    }
  });
  element.append(track);
  track.track.mode = "showing";
}
