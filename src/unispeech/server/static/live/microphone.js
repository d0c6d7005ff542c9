// The microphone as 16-bit samples.

import { RATE } from "./connection.js";

/**
 * Open the microphone. Returns its sample rate and a function that closes it. Throws the errors of
 * getUserMedia.
 * @param {(samples: Int16Array<ArrayBuffer>, level: number) => void} onSamples called 16 times per second,
 *   with a level from 0 to 1
 * @param {() => void} onEnd called if the microphone is disconnected
 */
export async function openMicrophone(onSamples, onEnd) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
  });
  /** @type {AudioContext | null} */
  let context = null;
  const end = () => {
    for (const track of stream.getTracks()) track.stop();
    if (context && context.state !== "closed") context.close();
  };
  try {
    const opened = openSource(stream);
    context = opened.context;
    await context.audioWorklet.addModule(new URL("capture.js", import.meta.url));
    const node = new AudioWorkletNode(context, "capture");
    node.port.onmessage = ({ data }) => onSamples(pcm(data), levelOf(data));
    opened.source.connect(node);
  } catch (error) {
    end();
    throw error;
  }
  for (const track of stream.getAudioTracks()) track.onended = onEnd;
  return { rate: context.sampleRate, end };
}

/**
 * Audio source at `RATE`: the context resamples with a proper filter. Firefox refuses (bugzilla 1674892), so
 * there the source keeps its own rate and the server resamples.
 * @param {MediaStream} stream
 */
function openSource(stream) {
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
 * String key of an error of getUserMedia.
 * @param {unknown} error
 */
export function refusalKey(error) {
  if (!navigator.mediaDevices) return "recorder.insecure";
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotFoundError") return "recorder.none";
  if (name === "NotAllowedError") return "recorder.denied";
  return name === "NotReadableError" ? "recorder.busy" : "trouble.connection";
}
