// Sound as 16-bit samples, from a microphone or from what another tab plays.

import { Trouble } from "../api.js";
import { t } from "../strings/index.js";
import { RATE } from "./connection.js";

export const TAB = "tab"; // source: sound of a tab; all others are IDs of microphones, "" the usual one

/**
 * Open a source. Returns its stream, its sample rate and a function that closes it. Throws the errors of
 * getUserMedia and getDisplayMedia, and `Trouble` if the tab was shared without its sound.
 * @param {string} name
 * @param {(samples: Int16Array<ArrayBuffer>, level: number) => void} onSamples called 16 times per second,
 *   with a level from 0 to 1
 * @param {() => void} onEnd called if the microphone is disconnected or the tab is no longer shared
 */
export async function openSource(name, onSamples, onEnd) {
  const stream = await (name === TAB ? openTab() : openMicrophone(name));
  /** @type {AudioContext | null} */
  let context = null;
  const end = () => {
    for (const track of stream.getTracks()) track.stop();
    context?.close();
    context = null; // it says "closed" a moment later, and may be ended again meanwhile
  };
  try {
    const sampled = sampledAt(stream);
    context = sampled.context;
    await context.audioWorklet.addModule(new URL("capture.js", import.meta.url));
    const node = new AudioWorkletNode(context, "capture");
    node.port.onmessage = ({ data }) => onSamples(pcm(data), levelOf(data));
    sampled.source.connect(node);
  } catch (error) {
    end();
    throw error;
  }
  for (const track of stream.getAudioTracks()) track.onended = onEnd;
  return { stream, rate: context.sampleRate, end };
}

/** @param {string} device ID, or "" for the usual one */
const openMicrophone = (device) =>
  navigator.mediaDevices.getUserMedia({
    audio: {
      channelCount: 1,
      echoCancellation: true,
      noiseSuppression: true,
      ...(device && { deviceId: { exact: device } }),
    },
  });

/** Sound of a tab that the user chooses. Browsers share it only together with the picture. */
async function openTab() {
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const shared = await navigator.mediaDevices.getDisplayMedia({ video: true, audio });
  for (const picture of shared.getVideoTracks()) picture.stop();
  const sound = shared.getAudioTracks();
  if (!sound.length) throw new Trouble(t("live.source.silent"));
  return new MediaStream(sound);
}

/** True if the browser can share tabs. Phones cannot. */
export const canShareTabs = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** Microphones with their names, which browsers tell only after one was opened. */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter(
    ({ kind, deviceId, label }) =>
      kind === "audioinput" &&
      label &&
      deviceId &&
      !["default", "communications"].includes(deviceId),
  );
}

/**
 * Audio source at `RATE`: the context resamples with a proper filter. Firefox refuses (bugzilla 1674892), so
 * there the source keeps its own rate and the server resamples.
 * @param {MediaStream} stream
 */
function sampledAt(stream) {
  const context = new AudioContext({ sampleRate: RATE });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch (error) {
    context.close();
    if (!(error instanceof DOMException && error.name === "NotSupportedError")) throw error;
    const own = new AudioContext();
    return { context: own, source: own.createMediaStreamSource(stream) };
  }
}

/** @param {Float32Array} samples */
const pcm = (samples) =>
  Int16Array.from(samples, (sample) => Math.max(-1, Math.min(1, sample)) * 32_767);

/** @param {Float32Array} samples */
function levelOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(1, Math.sqrt(power) * 4);
}

/**
 * Message about an error of `openSource`.
 * @param {unknown} error
 */
export function refusal(error) {
  if (error instanceof Trouble) return error.message;
  if (!navigator.mediaDevices) return t("recorder.insecure");
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotFoundError" || name === "OverconstrainedError") return t("recorder.none");
  if (name === "NotAllowedError") return t("recorder.denied");
  return t(name === "NotReadableError" ? "recorder.busy" : "trouble.connection");
}
