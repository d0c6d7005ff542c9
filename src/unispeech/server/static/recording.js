// A recording that the browser stores while it grows.

import * as store from "./recordingstore.js";

/** Formats and file extensions, best first. */
const FORMATS = [
  { type: "audio/webm;codecs=opus", extension: "webm" },
  { type: "audio/mp4", extension: "m4a" },
  { type: "audio/ogg;codecs=opus", extension: "ogg" },
];
const EVERY = 2000; // milliseconds between two pieces; a crash loses at most this much

/** A recording of a stream, which begins at once. */
export class Recording {
  id = crypto.randomUUID?.() ?? String(Date.now());
  /** @type {Blob[]} */
  #pieces = [];
  /** @type {Promise<unknown>[]} */
  #storing = [];
  #release;

  /**
   * @param {MediaStream} stream
   * @param {string} label beginning of the file name
   */
  constructor(stream, label) {
    const format = FORMATS.find(({ type }) => MediaRecorder.isTypeSupported(type));
    const name = fileName(label, format?.extension ?? "webm");
    this.#release = store.hold(this.id);
    this.recorder = new MediaRecorder(stream, format ? { mimeType: format.type } : {});
    this.recorder.ondataavailable = ({ data }) => {
      if (!data.size) return;
      this.#pieces.push(data);
      const stored = store.keep(this.id, name, this.#pieces.length, data);
      this.#storing.push(stored.catch(() => {})); // private window: the pieces stay in memory
    };
    /** Resolves with the file once the recording has stopped. @type {Promise<File>} */
    this.file = new Promise((resolve) => {
      this.recorder.onstop = async () => {
        await Promise.all(this.#storing);
        resolve(new File(this.#pieces, name, { type: this.recorder.mimeType }));
      };
    });
    this.recorder.start(EVERY);
  }

  stop() {
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }

  /** Offer the stored recording in the list of recordings, once it has stopped. */
  async offer() {
    await this.file;
    await this.#release();
  }

  /** Remove it from this browser. */
  async forget() {
    await store.forget(this.id).catch(() => {});
    await this.#release();
  }
}

/**
 * @param {string} label
 * @param {string} extension
 */
function fileName(label, extension) {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000); // its UTC digits are the local time
  const moment = local.toISOString().slice(0, 16).replace("T", " ").replace(":", ".");
  return `${label} ${moment}.${extension}`;
}
