// The element that plays: where it reads, what happens when it can no longer, and its subtitles.

import { h } from "../dom.js";
import { t } from "../strings/index.js";

const PATIENCE = 60_000; // milliseconds between two attempts to mend what does not play

/**
 * An <audio> or <video> for a recording: {element, anew, caption}. `place()` gives where it may be read;
 * it is asked again when the element breaks off, for a ticket ends after some hours and a server restarts.
 */
export async function mediaElement(media, place, signal) {
  const element = h(media.video ? "video" : "audio", { preload: "metadata", playsinline: true });
  if (!media.missing) sources(element, await place(), media);

  /** Reads anew and goes on where it was. */
  async function anew() {
    const [time, playing] = [element.currentTime, !element.paused];
    const fresh = await place();
    empty(element);
    sources(element, fresh, media);
    element.load();
    element.currentTime = time;
    if (playing) await element.play();
  }

  let mended = -Infinity;
  element.addEventListener(
    "error",
    ({ target }) => {
      if (target.localName === "track" || media.missing || performance.now() - mended < PATIENCE)
        return;
      mended = performance.now();
      anew().catch(() => {});
    },
    { capture: true, signal },
  );
  signal.addEventListener(
    "abort",
    () => {
      element.pause();
      caption(element, null);
      empty(element);
      element.load();
    },
    { once: true },
  );
  return { element, anew, caption: (text, language) => caption(element, text, language) };
}

// What came, where the browser can play it; else as it was decoded for the model.
function sources(element, place, media) {
  if (!media.type) {
    element.src = `${place}/audio`;
    return;
  }
  const can = element.canPlayType(media.type);
  if (can) element.append(h("source", { src: `${place}/audio`, type: media.type }));
  if (!media.video || !can)
    element.append(h("source", { src: `${place}/audio?form=wav`, type: "audio/wav" }));
}

function empty(element) {
  element.removeAttribute("src");
  for (const old of element.querySelectorAll("source")) old.remove();
}

// A track would send no key with its request, so it is given what was fetched.
function caption(element, text, language) {
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
    for (const cue of track.track.cues) cue.line = -1 - cue.text.split("\n").length;
  });
  element.append(track);
  track.track.mode = "showing";
}
