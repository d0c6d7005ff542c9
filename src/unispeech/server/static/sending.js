// Files on their way to the server. It goes on while other views are shown, comes back after every lost
// connection, and knows after a reload what it was sending.

import * as api from "./api.js";
import { pause } from "./events.js";
import { settings } from "./settings.js";
import { t } from "./strings/index.js";

const PIECE = 8 * 1024 * 1024;
const WAIT = [1000, 2000, 5000, 10_000, 20_000];

const sendings = []; // {file, upload, sent, state, message, options}: waiting, sending, lost, failed
const listeners = new Set();

export const all = () => sendings;

/** Calls back after every change until `signal` is aborted. */
export function watch(callback, signal) {
  listeners.add(callback);
  signal.addEventListener("abort", () => listeners.delete(callback), { once: true });
}

function changed() {
  for (const callback of listeners) callback();
}

/** Sends files, to be transcribed with `options`. `done` is called when a file has become a job. */
export function send(files, options, done) {
  for (const file of files) {
    sendings.push({
      file,
      options,
      done,
      sent: 0,
      state: "waiting",
      message: "",
      stop: new AbortController(),
    });
  }
  changed();
  next();
}

export function stop(sending) {
  sending.stop.abort();
  if (sending.upload) {
    forget(sending.upload);
    api.deleteUpload(sending.upload).catch(() => {});
  }
  drop(sending);
}

export function again(sending) {
  Object.assign(sending, { state: "waiting", message: "" });
  changed();
  next();
}

function drop(sending) {
  sendings.splice(sendings.indexOf(sending), 1);
  changed();
  next();
}

async function next() {
  if (sendings.some((one) => one.state === "sending" || one.state === "lost")) return;
  const sending = sendings.find((one) => one.state === "waiting");
  if (!sending) return;
  sending.state = "sending";
  changed();
  try {
    await whole(sending);
    const job = await jobOf(sending);
    if (job) sending.done(job);
    drop(sending);
  } catch (error) {
    if (error.name === "AbortError") return;
    Object.assign(sending, { state: "failed", message: error.message });
    changed();
    next();
  }
}

async function whole(sending) {
  for (let lost = 0; ; lost++) {
    try {
      sending.upload ??= await begun(sending);
      sending.sent = await api.uploadOffset(sending.upload);
      while (sending.sent < sending.file.size) {
        const piece = sending.file.slice(sending.sent, sending.sent + PIECE);
        sending.sent = await api.sendPiece(sending.upload, sending.sent, piece, {
          signal: sending.stop.signal,
          onProgress: (sent) => shown(sending, sent),
        });
        [sending.state, lost] = ["sending", 0];
        changed();
      }
      return;
    } catch (error) {
      await recover(sending, error, lost);
    }
  }
}

// Lost connections, servers that are starting and full disks are waited for; what is refused is refused.
async function recover(sending, error, lost) {
  if (error.status === 404 && sending.upload) {
    forget(sending.upload);
    sending.upload = null;
  } else if (
    error.name === "AbortError" ||
    (error.status && error.status < 500 && ![409, 429].includes(error.status))
  )
    throw error;
  await waited(sending, error, lost);
}

async function waited(sending, error, times) {
  Object.assign(sending, {
    state: "lost",
    message: [429, 507].includes(error.status) ? error.message : t("sending.lost"),
  });
  changed();
  await pause(WAIT[Math.min(times, WAIT.length - 1)], sending.stop.signal);
  sending.stop.signal.throwIfAborted();
  sending.state = "sending";
}

function shown(sending, sent) {
  sending.sent = sent;
  changed();
}

// The job, or null where only the answer to an earlier try was lost: then it comes with the list.
async function jobOf(sending) {
  for (let tries = 0; ; tries++) {
    try {
      const job = await api.createJob({
        ...sending.options,
        upload: sending.upload,
        filename: sending.file.name,
      });
      forget(sending.upload);
      return job;
    } catch (error) {
      if (tries && error.code === "upload_not_found") return forget(sending.upload) ?? null;
      if (error.status && error.status !== 429 && error.status < 500) throw error;
      await waited(sending, error, tries);
    }
  }
}

// What was being sent when a page is closed: {upload: {name, size, modified, options}}

const kept = () => settings.get("uploads", {});

async function begun(sending) {
  const { name, size, lastModified } = sending.file;
  const known = Object.entries(kept()).find(
    ([, one]) => one.name === name && one.size === size && one.modified === lastModified,
  );
  if (known) return known[0];
  const upload = await api.createUpload(sending.file);
  settings.set("uploads", {
    ...kept(),
    [upload]: { name, size, modified: lastModified, options: sending.options },
  });
  return upload;
}

function forget(upload) {
  const { [upload]: _, ...rest } = kept();
  settings.set("uploads", rest);
}

/** Uploads of an earlier visit that lack something: {id, filename, size, offset}. Whole ones become jobs. */
export async function unfinished(done) {
  const found = await api.uploads();
  const open = [];
  for (const one of found) {
    if (sendings.some((sending) => sending.upload === one.id)) continue;
    if (one.offset < one.size) open.push(one);
    else if (kept()[one.id]) {
      done(await api.createJob({ ...kept()[one.id].options, upload: one.id }));
      forget(one.id);
    }
  }
  for (const upload of Object.keys(kept()))
    if (!found.some((one) => one.id === upload)) forget(upload);
  return open;
}

export async function giveUp(upload) {
  forget(upload);
  await api.deleteUpload(upload);
}

addEventListener("beforeunload", (event) => {
  if (sendings.some((one) => one.state !== "failed")) event.preventDefault();
});
