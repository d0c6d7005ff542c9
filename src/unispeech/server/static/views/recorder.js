// Recording from the microphone, in a dialog: a clock, a level, stop.

import { Trouble } from "../api.js";
import { h } from "../dom.js";
import * as kept from "../kept.js";
import { refused } from "../live/microphone.js";
import { complain } from "../messages.js";
import { t } from "../strings/index.js";
import { clock } from "../transcript/times.js";

const TYPES = {
  "audio/webm;codecs=opus": "webm",
  "audio/mp4": "m4a",
  "audio/ogg;codecs=opus": "ogg",
};
const EVERY = 2000; // milliseconds between two pieces: what a crash can lose

/** Records until the person stops, then calls `take` with the file. */
export async function record(take) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false },
    });
  } catch (error) {
    return complain(new Trouble(t(refused(error))));
  }
  const type = Object.keys(TYPES).find((one) => MediaRecorder.isTypeSupported(one)) ?? "";
  const id = crypto.randomUUID?.() ?? String(Date.now());
  const name = `${t("recorder.name")} ${new Date().toISOString().slice(0, 16).replace("T", " ").replace(":", ".")}.${TYPES[type] ?? "webm"}`;
  const recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
  const pieces = [];
  kept.locked.add(id);
  recorder.ondataavailable = ({ data }) => {
    if (!data.size) return;
    pieces.push(data);
    kept.keep(id, name, pieces.length, data).catch(() => {}); // a private window: it is in memory
  };
  const shown = dialog(stream, recorder);
  recorder.onstop = async () => {
    for (const track of stream.getTracks()) track.stop();
    shown.close();
    kept.locked.delete(id);
    if (shown.wanted()) take([new File(pieces, name, { type: recorder.mimeType })]);
    await kept.forget(id).catch(() => {});
  };
  recorder.start(EVERY);
}

function dialog(stream, recorder) {
  let wanted = true;
  const time = h("p", { class: "clock number", role: "timer" }, "0:00");
  const level = h("meter", { min: "0", max: "1", value: "0", "aria-label": t("recorder.level") });
  const stop = h(
    "button",
    { type: "button", class: "main", on: { click: () => recorder.stop() } },
    t("recorder.stop"),
  );
  const away = h(
    "button",
    {
      type: "button",
      on: {
        click: () => {
          wanted = false;
          recorder.stop();
        },
      },
    },
    t("recorder.discard"),
  );
  const element = h(
    "dialog",
    {
      class: "recorder",
      "aria-label": t("recorder.title"),
      on: { cancel: (event) => event.preventDefault() },
    },
    h(
      "div",
      {},
      h("h2", {}, t("recorder.title")),
      time,
      level,
      h("p", { class: "hint soft small" }, t("recorder.hint")),
      h("div", { class: "buttons" }, away, stop),
    ),
  );
  document.body.append(element);
  element.showModal();
  stop.focus();
  const end = measured(stream, (loudness, seconds) => {
    level.value = loudness;
    time.textContent = clock(seconds);
  });
  return {
    wanted: () => wanted,
    close: () => {
      end();
      element.close();
      element.remove();
    },
  };
}

function measured(stream, show) {
  const sound = new AudioContext();
  const analyser = sound.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  sound.createMediaStreamSource(stream).connect(analyser);
  const began = performance.now();
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    show(Math.sqrt(loudest), (performance.now() - began) / 1000);
  }, 100);
  return () => {
    clearInterval(timer);
    sound.close();
  };
}
