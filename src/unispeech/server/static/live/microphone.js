// The microphone as 16-bit samples at the rate of the stream.

import { RATE } from "./connection.js";

/**
 * Calls `heard(samples, loudness)` sixteen times a second, loudness from 0 to 1; returns a function
 * that ends it. Throws what getUserMedia throws.
 */
export async function microphone(heard) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } });
  // The context resamples what the microphone gives to the rate that is asked for, with a proper filter.
  const context = new AudioContext({ sampleRate: RATE });
  const end = () => {
    stream.getTracks().forEach((track) => track.stop());
    if (context.state !== "closed") context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL("capture.js", import.meta.url));
  } catch (error) {
    end();
    throw error;
  }
  const node = new AudioWorkletNode(context, "capture");
  node.port.onmessage = ({ data }) => {
    let sum = 0;
    const samples = Int16Array.from(data, (value) => {
      sum += value * value;
      return Math.max(-1, Math.min(1, value)) * 32_767;
    });
    heard(samples, Math.min(1, Math.sqrt(sum / data.length) * 4));
  };
  context.createMediaStreamSource(stream).connect(node);
  return end;
}

/** What to tell somebody whose microphone cannot be had: a key of the words. */
export function refused(error) {
  if (!navigator.mediaDevices) return "recorder.insecure";
  return { NotFoundError: "recorder.none", NotAllowedError: "recorder.denied", NotReadableError: "recorder.busy" }[error.name] ?? "trouble.connection";
}
