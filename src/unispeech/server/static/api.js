// All requests of the page. docs/guides/http-api.md describes the interface.

/**
 * @import {
 *   CaptionsLink, Checked, Info, JobInFull, JobList, JobShown, Media, RevisionList, ShareList,
 *   ShareMade, SharedJob, TagList, Ticket, Transcript, TranslationShown, UploadList, Usage, Verdict, VocabularyList,
 *   VocabularyShown,
 * } from "./service.d.ts"
 */

import { settings } from "./settings.js";
import { known, t } from "./strings/index.js";

/**
 * Details of an error. Status 0: no response.
 * @typedef {{ status?: number, code?: string | null, etag?: string | null, retryAfter?: number | null }} Reason
 */

/** An error response, or a lost connection. `message` is shown to the user. */
export class Trouble extends Error {
  /**
   * @param {string} message
   * @param {Reason} [reason]
   */
  constructor(message, { status = 0, code = null, etag = null, retryAfter = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.etag = etag;
    this.retryAfter = retryAfter;
  }
}

/**
 * HTTP status of an error; 0 without a response.
 * @param {unknown} error
 */
export const statusOf = (error) => (error instanceof Trouble ? error.status : 0);

const UNREACHABLE = "unreachable";

/**
 * True if the server did not answer.
 * @param {unknown} error
 */
export const isUnreachable = (error) => error instanceof Trouble && error.code === UNREACHABLE;

/**
 * Error message for the user.
 * @param {unknown} error
 */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * True if the page itself aborted the operation.
 * @param {unknown} error
 */
export const isAbort = (error) =>
  (error instanceof Error || error instanceof DOMException) && error.name === "AbortError";

/**
 * @param {Record<string, string>} [more]
 * @returns {Record<string, string>}
 */
function headers(more = {}) {
  const key = settings.key;
  return key ? { Authorization: `Bearer ${key}`, ...more } : more;
}

/**
 * Send a request and return the response. Throws `Trouble`.
 * @param {string} path
 * @param {Omit<RequestInit, "headers"> & { json?: unknown, headers?: Record<string, string> }} [options]
 */
export async function request(path, { json, ...options } = {}) {
  const body = json === undefined ? options.body : JSON.stringify(json);
  /** @type {Record<string, string>} */
  const type = json === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(path, {
      ...options,
      body,
      headers: headers({ ...type, ...options.headers }),
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Trouble(t("trouble.connection"), { code: UNREACHABLE });
  }
  if (!answer.ok) throw await troubleOf(answer);
  return answer;
}

/** @param {Response} answer */
async function troubleOf(answer) {
  const body = await answer.json().catch(() => null);
  const reason = {
    status: answer.status,
    code: body?.error?.code ?? null,
    etag: answer.headers.get("ETag"),
    retryAfter: Number(answer.headers.get("Retry-After")) || null,
  };
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("key-needed"));
  return new Trouble(worded(reason, body?.error?.message), reason);
}

/**
 * The page's own message for known codes, else the server's, which names the wrong value.
 * @param {Reason} reason
 * @param {string} [message]
 */
function worded({ status = 0, code, retryAfter }, message) {
  if (known(`error.${code}`)) return t(`error.${code}`, { seconds: retryAfter ?? 5 });
  return status < 500 && message ? message : t("trouble.status", { status });
}

/**
 * @param {string} path
 * @param {Parameters<typeof request>[1]} [options]
 */
const fetchJson = async (path, options) => (await request(path, options)).json();

/**
 * @param {string} path
 * @param {unknown} [json]
 */
const post = (path, json) => fetchJson(path, { method: "POST", json });

/** @type {Promise<Info> | null} */
let facts = null;
/**
 * Backends, models and limits of the server; fetched once.
 * @returns {Promise<Info>}
 */
export function info() {
  facts ??= fetchJson("api/info").catch((error) => {
    facts = null;
    throw error;
  });
  return /** @type {Promise<Info>} */ (facts);
}
export function forgetInfo() {
  facts = null;
}

/** @type {(options: Record<string, unknown>) => Promise<Verdict>} */
export const check = (options) => post("api/check", options);

/** @type {(id: string) => Promise<JobInFull>} */
export const job = (id) => fetchJson(`api/jobs/${id}`);
/** @type {(fields: Record<string, string | number>) => Promise<JobList>} */
export const jobs = (fields) => fetchJson(`api/jobs?${query(fields)}`);
/** @type {(id: string, change: { filename?: string, tags?: string[] }) => Promise<JobShown>} */
export const changeJob = (id, change) =>
  fetchJson(`api/jobs/${id}`, { method: "PATCH", json: change });
export const tags = async () => /** @type {TagList} */ (await fetchJson("api/tags")).tags;

export const vocabularies = async () =>
  /** @type {VocabularyList} */ (await fetchJson("api/vocabularies")).vocabularies;

/** @param {string} name */
const vocabularyPath = (name) => `api/vocabularies/${encodeURIComponent(name)}`;

/** @param {string} name */
export async function vocabulary(name) {
  const answer = await request(vocabularyPath(name));
  return {
    vocabulary: /** @type {VocabularyShown} */ (await answer.json()),
    etag: answer.headers.get("ETag") ?? "",
  };
}

/**
 * Create a vocabulary list, or replace the version `etag`; `vocabulary.name` may be a new name. Throws `Trouble`
 * with status 412 if it was changed elsewhere.
 * @param {string} name
 * @param {{ name: string, words: string[] }} vocabulary
 * @param {string | null} etag null creates
 */
export const saveVocabulary = (name, vocabulary, etag) =>
  request(vocabularyPath(name), {
    method: "PUT",
    json: vocabulary,
    headers: etag ? { "If-Match": etag } : { "If-None-Match": "*" },
  });

/** @param {string} name */
export const deleteVocabulary = (name) => request(vocabularyPath(name), { method: "DELETE" });

/** @type {() => Promise<Usage>} */
export const usage = () => fetchJson("api/usage");
/** @type {(id: string) => Promise<JobShown>} */
export const cancel = (id) => post(`api/jobs/${id}/cancel`);
/** @type {(id: string) => Promise<JobShown>} */
export const retry = (id) => post(`api/jobs/${id}/retry`);
/** @param {string} id */
export const deleteJob = (id) => request(`api/jobs/${id}`, { method: "DELETE" });

/**
 * @param {Record<string, unknown>} fields
 * @returns {Promise<JobShown>}
 */
export function createJob(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== "") form.append(name, String(value));
  }
  return fetchJson("api/jobs", { method: "POST", body: form });
}

/** Link for others to watch captions. @returns {Promise<CaptionsLink>} */
export async function createCaptionsLink() {
  const { id, secret } = await post("api/captions");
  return { id, secret };
}

export const uploads = async () =>
  /** @type {UploadList} */ (await fetchJson("api/uploads")).uploads;
/** @param {string} id */
export const deleteUpload = (id) => request(`api/uploads/${id}`, { method: "DELETE" });

/**
 * Create an upload and return its id.
 * @param {File} file
 */
export async function createUpload(file) {
  const name = btoa(String.fromCharCode(...new TextEncoder().encode(file.name)));
  const answer = await request("api/uploads", {
    method: "POST",
    headers: {
      "Tus-Resumable": "1.0.0",
      "Upload-Length": String(file.size),
      "Upload-Metadata": `filename ${name}`,
    },
  });
  return /** @type {string} */ (answer.headers.get("Location")?.split("/").at(-1));
}

/** @param {string} id */
export async function uploadOffset(id) {
  const answer = await request(`api/uploads/${id}`, {
    method: "HEAD",
    headers: { "Tus-Resumable": "1.0.0" },
  });
  return Number(answer.headers.get("Upload-Offset"));
}

/**
 * Send a chunk of an upload and return the new offset. Uses XMLHttpRequest because fetch reports no
 * upload progress.
 * @param {string} id
 * @param {number} offset
 * @param {Blob} piece
 * @param {{ signal: AbortSignal, onProgress: (sent: number) => void }} options
 * @returns {Promise<number>}
 */
export function sendPiece(id, offset, piece, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("PATCH", `api/uploads/${id}`);
    const all = headers({
      "Tus-Resumable": "1.0.0",
      "Upload-Offset": String(offset),
      "Content-Type": "application/offset+octet-stream",
    });
    for (const [name, value] of Object.entries(all)) sending.setRequestHeader(name, value);
    sending.upload.onprogress = (event) => onProgress(offset + event.loaded);
    sending.onload = () =>
      sending.status === 204
        ? resolve(Number(sending.getResponseHeader("Upload-Offset")))
        : reject(new Trouble(messageIn(sending), { status: sending.status }));
    sending.onerror = () => reject(new Trouble(t("trouble.connection"), { code: UNREACHABLE }));
    sending.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(piece);
  });
}

/** @param {XMLHttpRequest} answer */
function messageIn({ status, responseText }) {
  try {
    const { code, message } = JSON.parse(responseText).error;
    return worded({ status, code }, message);
  } catch {
    return t("trouble.status", { status });
  }
}

/** Base path of a transcript and its audio: a job, a share link or a ticket. */
export const place = {
  /** @param {string} id */
  ofJob: (id) => `api/jobs/${id}`,
  /** @param {string} token */
  ofShare: (token) => `api/shared/${token}`,
};

/** @type {(token: string) => Promise<SharedJob>} */
export const shared = (token) => fetchJson(place.ofShare(token));
/** @type {(id: string) => Promise<Ticket>} */
export const ticket = (id) => post(`api/jobs/${id}/ticket`);
/** @type {(base: string) => Promise<Media>} */
export const media = (base) => fetchJson(`${base}/media`);

/** @param {string} base */
export async function transcript(base) {
  const answer = await request(`${base}/transcript?format=json`);
  return {
    transcript: /** @type {Transcript} */ (await answer.json()),
    etag: answer.headers.get("ETag") ?? "",
  };
}

/**
 * Translation of a recording as a transcript. Throws `Trouble` with the code `no_translation` if there is none.
 * @param {string} base
 * @returns {Promise<Transcript>}
 */
export const translated = (base) => fetchJson(`${base}/transcript?format=json&translation=only`);

/**
 * Revision in the ETag of a transcript; 0 if there is none.
 * @param {string} etag
 */
export const revisionOf = (etag) => Number(/^"(\d+)/.exec(etag)?.[1] ?? 0);

/** @param {Record<string, string | number | boolean>} fields */
const query = (fields) =>
  new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]));

/**
 * Waveform: minimum and maximum of each interval, -128 to 127.
 * @param {string} base
 * @param {{ per_second: number, start: number, end: number }} stretch
 */
export async function peaks(base, stretch) {
  const answer = await request(`${base}/peaks?${query({ ...stretch, format: "binary" })}`);
  return new Int8Array(await answer.arrayBuffer());
}

/** @type {(base: string, layout: Record<string, string | number>) => Promise<Checked>} */
export const checkSubtitles = (base, layout) =>
  fetchJson(`${base}/transcript/check?${query(layout)}`);

/**
 * Exported transcript as a blob.
 * @param {string} base
 * @param {Record<string, string | number | boolean>} fields
 */
export async function exported(base, fields) {
  return (await request(`${base}/transcript?${query(fields)}`)).blob();
}

/**
 * Exported transcripts of several jobs as a ZIP file.
 * @param {string[]} ids
 * @param {Record<string, string | number>} fields
 */
export async function exportedTogether(ids, fields) {
  return (
    await request(`api/jobs/export?${query(fields)}`, { method: "POST", json: { ids } })
  ).blob();
}

/**
 * Change a transcript and return its new ETag; `body` is JSON. Throws `Trouble` with status 412 if the
 * transcript was changed elsewhere.
 * @param {string} id
 * @param {string} body
 * @param {string} etag
 */
export async function save(id, body, etag) {
  const answer = await request(`api/jobs/${id}/transcript`, {
    method: "PATCH",
    body,
    headers: { "Content-Type": "application/json", "If-Match": etag },
  });
  return answer.headers.get("ETag") ?? "";
}

/** @param {string} id */
export const revisions = async (id) =>
  /** @type {RevisionList} */ (await fetchJson(`api/jobs/${id}/revisions`)).revisions;
/** @type {(id: string, number: number) => Promise<Transcript>} */
export const revision = (id, number) => fetchJson(`api/jobs/${id}/revisions/${number}?format=json`);
/** @type {(id: string, number: number, etag: string) => Promise<Response>} */
export const restore = (id, number, etag) =>
  request(`api/jobs/${id}/revisions/${number}/restore`, {
    method: "POST",
    headers: { "If-Match": etag },
  });

/** @type {(id: string, range: Record<string, unknown>) => Promise<JobShown>} */
export const decodeAgain = (id, range) => post(`api/jobs/${id}/ranges`, range);
/** @type {(id: string) => Promise<JobShown>} */
export const applyRange = (id) => post(`api/jobs/${id}/apply`);

/** @type {(id: string) => Promise<TranslationShown>} */
export const translation = (id) => fetchJson(`api/jobs/${id}/translation`);
/** @type {(id: string) => Promise<TranslationShown>} */
export const translate = (id) => post(`api/jobs/${id}/translation`);
/** @param {string} id */
export const deleteTranslation = (id) =>
  request(`api/jobs/${id}/translation`, { method: "DELETE" });

/** @type {(id: string, share: { name: string | null, expiresIn: number | null }) => Promise<ShareMade>} */
export const share = (id, { name, expiresIn }) =>
  post(`api/jobs/${id}/shares`, { name, expires_in: expiresIn });
/** @param {string} id */
export const shares = async (id) =>
  /** @type {ShareList} */ (await fetchJson(`api/jobs/${id}/shares`)).shares;
/** @type {(id: string, share: string) => Promise<Response>} */
export const endShare = (id, share) =>
  request(`api/jobs/${id}/shares/${share}`, { method: "DELETE" });
