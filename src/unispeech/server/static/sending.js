// Uploads. They continue while other views are shown, reconnect after a lost connection, and can be resumed
// after a reload.

/** @import { JobShown, UploadShown } from "./service.d.ts" */

import * as api from "./api.js";
import { pause } from "./events.js";
import { settings } from "./settings.js";
import { t } from "./strings/index.js";

const PIECE = 8 * 1024 * 1024;
const WAIT = [1000, 2000, 5000, 10_000, 20_000];

/**
 * @typedef {Record<string, unknown>} Options fields of the job
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
 * Call `callback` after every change until `signal` is aborted.
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
 * Upload files and transcribe them with `options`.
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
 * Send the bytes the server lacks and return the id of the upload.
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
 * Wait after a lost connection, a server error or a full disk; throw errors that a retry cannot mend.
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
 * Create the job of an upload. Null if an earlier attempt created it and only the response was lost: the
 * job then arrives with the list.
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
 * Uploads that were interrupted by closing the page, by id.
 * @returns {Record<string, { name: string, size: number, modified: number, options: Options }>}
 */
const remembered = () => settings.get("uploads", {});

/** @param {Sending} sending */
async function begin({ file, options }) {
  const { name, size, lastModified: modified } = file;
  const known = Object.entries(remembered()).find(
    ([, file]) => file.name === name && file.size === size && file.modified === modified,
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
 * Incomplete uploads of an earlier visit. Complete ones become jobs.
 * @param {Done} done
 */
export async function unfinished(done) {
  const earlier = Object.keys(remembered()); // uploads that begin meanwhile are not in the response
  const uploads = await api.uploads();
  /** @type {UploadShown[]} */
  const open = [];
  for (const upload of uploads) {
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
    if (!uploads.some((upload) => upload.id === id)) forget(id);
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
