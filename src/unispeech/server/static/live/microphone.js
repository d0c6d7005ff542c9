// The microphone as 16-bit samples.

import { RATE } from "./connection.js";

/**
 * Calls `heard(samples, loudness)` sixteen times a second, loudness from 0 to 1, and `gone()` where the
 * microphone goes away by itself. Returns {rate, end()}: samples a second, and what ends it. Throws what
 * getUserMedia throws.
 */
export async function microphone(heard, gone) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
  });
  let context = null;
  const end = () => {
    for (const track of stream.getTracks()) track.stop();
    if (context && context.state !== "closed") context.close();
  };
  try {
    const source = listening(stream);
    context = source.context;
    await context.audioWorklet.addModule(new URL("capture.js", import.meta.url));
    const node = new AudioWorkletNode(context, "capture");
    node.port.onmessage = ({ data }) => heard(...measured(data));
    source.connect(node);
  } catch (error) {
    end();
    throw error;
  }
  for (const track of stream.getAudioTracks()) track.onended = gone;
  return { rate: context.sampleRate, end };
}

// The context resamples what the microphone gives to the rate of the stream, with a proper filter. Firefox
// refuses to (bugzilla 1674892): there it stays as it is, and the server resamples it.
function listening(stream) {
  const context = new AudioContext({ sampleRate: RATE });
  try {
    return context.createMediaStreamSource(stream);
  } catch (error) {
    context.close();
    if (error.name !== "NotSupportedError") throw error;
    return new AudioContext().createMediaStreamSource(stream);
  }
}

function measured(data) {
  let sum = 0;
  const samples = Int16Array.from(data, (value) => {
    sum += value * value;
    return Math.max(-1, Math.min(1, value)) * 32_767;
  });
  return [samples, Math.min(1, Math.sqrt(sum / data.length) * 4)];
}

/** What to tell somebody whose microphone cannot be had: a key of the words. */
export function refused(error) {
  if (!navigator.mediaDevices) return "recorder.insecure";
  return (
    {
      NotFoundError: "recorder.none",
      NotAllowedError: "recorder.denied",
      NotReadableError: "recorder.busy",
    }[error.name] ?? "trouble.connection"
  );
}
