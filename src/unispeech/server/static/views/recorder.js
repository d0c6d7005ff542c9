// Dialog that records from the microphone.

/** @import { Take } from "./sendinglist.js" */

import { Trouble } from "../api.js";
import { h } from "../dom.js";
import { refusal } from "../live/source.js";
import { complain } from "../messages.js";
import { Recording } from "../recording.js";
import { t } from "../strings/index.js";
import { clock } from "../transcript/times.js";

const LEVEL = 100; // milliseconds between two level readings

/**
 * Record until the user stops, then call `take` with the file.
 * @param {Take} take
 */
export async function record(take) {
  let stream;
  try {
    const audio = { echoCancellation: false, noiseSuppression: false };
    stream = await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    return complain(new Trouble(refusal(error)));
  }
  const recording = new Recording(stream, t("recorder.name"));
  const dialog = new RecorderDialog(stream, recording.recorder);
  const file = await recording.file;
  for (const track of stream.getTracks()) track.stop();
  dialog.close();
  if (dialog.isDiscarded) await recording.forget();
  else take([file], () => recording.forget()); // until it is a job, the browser keeps it
}

class RecorderDialog {
  isDiscarded = false;
  #time = h("p", { class: "clock number", role: "timer" }, "0:00");
  #level = h("meter", { min: "0", max: "1", value: "0", "aria-label": t("recorder.level") });
  #title = h("h2", { "aria-live": "polite" }, t("recorder.title"));
  #pause = h(
    "button",
    { type: "button", on: { click: () => this.#togglePause() } },
    t("recorder.pause"),
  );
  #recorder;
  #element;
  #endMeasuring;

  /**
   * @param {MediaStream} stream
   * @param {MediaRecorder} recorder
   */
  constructor(stream, recorder) {
    this.#recorder = recorder;
    const stop = h(
      "button",
      { type: "button", class: "main", on: { click: () => recorder.stop() } },
      t("recorder.stop"),
    );
    const discard = () => {
      this.isDiscarded = true;
      recorder.stop();
    };
    this.#element = h(
      "dialog",
      {
        class: "recorder",
        "aria-label": t("recorder.title"),
        on: { cancel: (event) => event.preventDefault() },
      },
      h(
        "div",
        {},
        this.#title,
        this.#time,
        this.#level,
        h("p", { class: "hint soft small" }, t("recorder.hint")),
        h(
          "div",
          { class: "buttons" },
          h("button", { type: "button", on: { click: discard } }, t("recorder.discard")),
          this.#pause,
          stop,
        ),
      ),
    );
    document.body.append(this.#element);
    this.#element.showModal();
    stop.focus();
    this.#endMeasuring = measure(stream, recorder, (level, seconds) => {
      this.#level.value = level;
      this.#time.textContent = clock(seconds);
    });
  }

  #togglePause() {
    const recorder = this.#recorder;
    if (recorder.state === "paused") recorder.resume();
    else recorder.pause();
    const isPaused = recorder.state === "paused";
    this.#title.textContent = t(isPaused ? "recorder.paused" : "recorder.title");
    this.#pause.textContent = t(isPaused ? "recorder.resume" : "recorder.pause");
    this.#time.classList.toggle("soft", isPaused);
  }

  close() {
    this.#endMeasuring();
    this.#element.close();
    this.#element.remove();
  }
}

/**
 * Call `show` with the level (0 to 1) and the recorded seconds. Returns a function that ends this.
 * @param {MediaStream} stream
 * @param {MediaRecorder} recorder
 * @param {(level: number, seconds: number) => void} show
 */
function measure(stream, recorder, show) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  context.createMediaStreamSource(stream).connect(analyser);
  let recorded = 0; // milliseconds
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const isPaused = recorder.state === "paused";
    if (!isPaused) recorded += now - last;
    last = now;
    analyser.getFloatTimeDomainData(samples);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    show(isPaused ? 0 : Math.sqrt(loudest), recorded / 1000);
  }, LEVEL);
  return () => {
    clearInterval(timer);
    context.close();
  };
}
