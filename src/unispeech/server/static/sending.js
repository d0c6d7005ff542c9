// Files on their way to the server. It goes on while other views are shown, comes back after every lost
// connection, and knows after a reload what it was sending.

/** @import { JobShown, UploadShown } from "./service.d.ts" */

import * as api from "./api.js";
import { pause } from "./events.js";
import { settings } from "./settings.js";
import { t } from "./strings/index.js";

const PIECE = 8 * 1024 * 1024;
const WAIT = [1000, 2000, 5000, 10_000, 20_000];

/**
 * @typedef {Record<string, unknown>} Options the fields of the job
 * @typedef {(job: JobShown) => void} Done called when a file has become a job
 * @typedef {{
 *   file: File, options: Options, done: Done, upload: string | null, sent: number,
 *   state: "waiting" | "sending" | "lost" | "failed", message: string, stop: AbortController,
 * }} Sending
 */

/** @type {Sending[]} */
const sendings = [];
/** @type {Set<() => void>} */
const listeners = new Set();

export const all = () => sendings;

/**
 * Calls back after every change until `signal` is aborted.
 * @param {() => void} callback
 * @param {AbortSignal} signal
 */
export function watch(callback, signal) {
  listeners.add(callback);
  signal.addEventListener("abort", () => listeners.delete(callback), { once: true });
}

function changed() {
  for (const callback of listeners) callback();
}

/**
 * Sends files, to be transcribed with `options`.
 * @param {File[]} files
 * @param {Options} options
 * @param {Done} done
 */
export function send(files, options, done) {
  for (const file of files) {
    sendings.push({
      file,
      options,
      done,
      upload: null,
      sent: 0,
      state: "waiting",
      message: "",
      stop: new AbortController(),
    });
  }
  changed();
  next();
}

/** @param {Sending} sending */
export function stop(sending) {
  sending.stop.abort();
  if (sending.upload) {
    forget(sending.upload);
    api.deleteUpload(sending.upload).catch(() => {});
  }
  drop(sending);
}

/** @param {Sending} sending */
export function again(sending) {
  Object.assign(sending, { state: "waiting", message: "" });
  changed();
  next();
}

/** @param {Sending} sending */
function drop(sending) {
  sendings.splice(sendings.indexOf(sending), 1);
  changed();
  next();
}

async function next() {
  if (sendings.some(({ state }) => state === "sending" || state === "lost")) return;
  const sending = sendings.find(({ state }) => state === "waiting");
  if (!sending) return;
  sending.state = "sending";
  changed();
  try {
    const upload = await sendAll(sending);
    const job = await createJob(sending, upload);
    if (job) sending.done(job);
    drop(sending);
  } catch (error) {
    if (api.isAbort(error)) return;
    Object.assign(sending, { state: "failed", message: api.messageOf(error) });
    changed();
    next();
  }
}

/**
 * Sends what the server lacks of a file; the id of the upload.
 * @param {Sending} sending
 */
async function sendAll(sending) {
  const { file } = sending;
  const { signal } = sending.stop;
  /** @param {number} sent */
  const onProgress = (sent) => {
    sending.sent = sent;
    changed();
  };
  for (let losses = 0; ; losses++) {
    try {
      const upload = sending.upload ?? (await begin(sending));
      sending.upload = upload;
      sending.sent = await api.uploadOffset(upload);
      while (sending.sent < file.size) {
        const piece = file.slice(sending.sent, sending.sent + PIECE);
        const options = { signal, onProgress };
        sending.sent = await api.sendPiece(upload, sending.sent, piece, options);
        sending.state = "sending";
        losses = 0;
        changed();
      }
      return upload;
    } catch (error) {
      await recover(sending, error, losses);
    }
  }
}

/**
 * Waits after lost connections, for servers that are starting and for full disks; throws what is refused.
 * @param {Sending} sending
 * @param {unknown} error
 * @param {number} losses
 */
async function recover(sending, error, losses) {
  const status = api.statusOf(error);
  if (status === 404 && sending.upload) {
    forget(sending.upload);
    sending.upload = null;
  } else if (api.isAbort(error) || (status && status < 500 && ![409, 429].includes(status))) {
    throw error;
  }
  await wait(sending, error, losses);
}

/**
 * @param {Sending} sending
 * @param {unknown} error
 * @param {number} tries
 */
async function wait(sending, error, tries) {
  const busy = [429, 507].includes(api.statusOf(error));
  sending.state = "lost";
  sending.message = busy ? api.messageOf(error) : t("sending.lost");
  changed();
  await pause(WAIT[Math.min(tries, WAIT.length - 1)], sending.stop.signal);
  sending.stop.signal.throwIfAborted();
  sending.state = "sending";
}

/**
 * The job of an upload, or null where only the answer to an earlier try was lost: then it comes with the
 * list.
 * @param {Sending} sending
 * @param {string} upload
 */
async function createJob(sending, upload) {
  for (let tries = 0; ; tries++) {
    try {
      const job = await api.createJob({ ...sending.options, upload, filename: sending.file.name });
      forget(upload);
      return job;
    } catch (error) {
      const status = api.statusOf(error);
      if (tries && error instanceof api.Trouble && error.code === "upload_not_found") {
        forget(upload);
        return null;
      }
      if (status && status !== 429 && status < 500) throw error;
      await wait(sending, error, tries);
    }
  }
}

/**
 * Uploads of a page that was closed meanwhile, by their ids.
 * @returns {Record<string, { name: string, size: number, modified: number, options: Options }>}
 */
const remembered = () => settings.get("uploads", {});

/** @param {Sending} sending */
async function begin({ file, options }) {
  const { name, size, lastModified: modified } = file;
  const known = Object.entries(remembered()).find(
    ([, one]) => one.name === name && one.size === size && one.modified === modified,
  );
  if (known) return known[0];
  const upload = await api.createUpload(file);
  settings.set("uploads", { ...remembered(), [upload]: { name, size, modified, options } });
  return upload;
}

/** @param {string} upload */
function forget(upload) {
  const { [upload]: _, ...rest } = remembered();
  settings.set("uploads", rest);
}

/**
 * Uploads of an earlier visit that lack something. Whole ones become jobs.
 * @param {Done} done
 */
export async function unfinished(done) {
  const earlier = Object.keys(remembered()); // what begins meanwhile is not in the answer
  const found = await api.uploads();
  /** @type {UploadShown[]} */
  const open = [];
  for (const upload of found) {
    const { id } = upload;
    if (sendings.some((sending) => sending.upload === id)) continue;
    const known = remembered()[id];
    if (upload.offset < upload.size) open.push(upload);
    else if (known) {
      done(await api.createJob({ ...known.options, upload: id }));
      forget(id);
    }
  }
  for (const id of earlier) {
    if (!found.some((upload) => upload.id === id)) forget(id);
  }
  return open;
}

/** @param {string} upload */
export async function giveUp(upload) {
  forget(upload);
  await api.deleteUpload(upload);
}

addEventListener("beforeunload", (event) => {
  if (sendings.some(({ state }) => state !== "failed")) event.preventDefault();
});
