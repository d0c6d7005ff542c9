// Every request the page makes. The interface is described in docs/api.md; nothing else is used.

import { settings } from "./settings.js";
import { known, t } from "./strings/index.js";

/** What the server or the connection answered instead. `message` is for people. */
export class Trouble extends Error {
  constructor(message, { status = 0, code = null, etag = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, etag, retryAfter });
  }
}

export function headers(more = {}) {
  const key = settings.key;
  return key ? { Authorization: `Bearer ${key}`, ...more } : more;
}

/** A request; its answer, or a `Trouble`. */
export async function request(path, { json, ...options } = {}) {
  const body = json === undefined ? options.body : JSON.stringify(json);
  const type = json === undefined ? {} : { "Content-Type": "application/json" };
  let answer;
  try {
    answer = await fetch(path, {
      ...options,
      body,
      headers: headers({ ...type, ...options.headers }),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble(t("trouble.connection"));
  }
  if (!answer.ok) throw await trouble(answer);
  return answer;
}

async function trouble(answer) {
  const said = await answer.json().catch(() => null);
  const facts = {
    status: answer.status,
    code: said?.error?.code ?? null,
    etag: answer.headers.get("ETag"),
    retryAfter: Number(answer.headers.get("Retry-After")) || null,
  };
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("key-needed"));
  return new Trouble(worded(facts, said?.error?.message), facts);
}

// In the page's own words where the code says enough; else the server's, which name what is wrong.
function worded({ status, code, retryAfter }, message) {
  if (known(`error.${code}`)) return t(`error.${code}`, { seconds: retryAfter ?? 5 });
  return status < 500 && message ? message : t("trouble.status", { status });
}

async function got(path, options) {
  return (await request(path, options)).json();
}

const post = (path, json) => got(path, { method: "POST", json });

let facts = null;
/** What the server has and allows; asked once. */
export const info = () =>
  (facts ??= got("api/info").catch((error) => {
    facts = null;
    throw error;
  }));
export const forgetInfo = () => (facts = null);

export const check = (options) => post("api/check", options);

export const job = (id) => got(`api/jobs/${id}`);
export const jobs = (query) => got(`api/jobs?${new URLSearchParams(query)}`);
export const cancel = (id) => post(`api/jobs/${id}/cancel`);
export const retry = (id) => post(`api/jobs/${id}/retry`);
export const deleteJob = (id) => got(`api/jobs/${id}`, { method: "DELETE" });

export function createJob(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== "") form.append(name, value);
  }
  return got("api/jobs", { method: "POST", body: form });
}

export const uploads = async () => (await got("api/uploads")).uploads;
export const deleteUpload = (id) => request(`api/uploads/${id}`, { method: "DELETE" });

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
  return answer.headers.get("Location").split("/").at(-1);
}

export async function uploadOffset(id) {
  const answer = await request(`api/uploads/${id}`, {
    method: "HEAD",
    headers: { "Tus-Resumable": "1.0.0" },
  });
  return Number(answer.headers.get("Upload-Offset"));
}

/** One piece of an upload: the new offset. XMLHttpRequest, for fetch cannot say how much has left. */
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
        : reject(new Trouble(saidBy(sending), { status: sending.status }));
    sending.onerror = () => reject(new Trouble(t("trouble.connection")));
    sending.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(piece);
  });
}

function saidBy({ status, responseText }) {
  try {
    const { code, message } = JSON.parse(responseText).error;
    return worded({ status, code }, message);
  } catch {
    return t("trouble.status", { status });
  }
}

/** Where a transcript and its sound are: a job's own place, or what a share link or ticket opens. */
export const place = {
  ofJob: (id) => `api/jobs/${id}`,
  ofShare: (token) => `api/shared/${token}`,
};

export const shared = (token) => got(place.ofShare(token));
export const ticket = (id) => post(`api/jobs/${id}/ticket`);
export const media = (base) => got(`${base}/media`);

/** {transcript, etag}. */
export async function transcript(base) {
  const answer = await request(`${base}/transcript?format=json`);
  return { transcript: await answer.json(), etag: answer.headers.get("ETag") };
}

export async function peaks(base, query) {
  const answer = await request(
    `${base}/peaks?${new URLSearchParams({ ...query, format: "binary" })}`,
  );
  return new Int8Array(await answer.arrayBuffer());
}

export const checkSubtitles = (base, layout) =>
  got(`${base}/transcript/check?${new URLSearchParams(layout)}`);

/** A transcript in a format, as a blob. */
export async function exported(base, query) {
  return (await request(`${base}/transcript?${new URLSearchParams(query)}`)).blob();
}

/** Changes a transcript; `body` is JSON. The new ETag; a 412 `Trouble` where somebody was quicker. */
export async function save(id, body, etag) {
  const answer = await request(`api/jobs/${id}/transcript`, {
    method: "PATCH",
    body,
    headers: { "Content-Type": "application/json", "If-Match": etag },
  });
  return answer.headers.get("ETag");
}

export const revisions = async (id) => (await got(`api/jobs/${id}/revisions`)).revisions;
export const revision = (id, number) => got(`api/jobs/${id}/revisions/${number}?format=json`);
export const restore = (id, number, etag) =>
  request(`api/jobs/${id}/revisions/${number}/restore`, {
    method: "POST",
    headers: { "If-Match": etag },
  });

export const decodeAgain = (id, range) => post(`api/jobs/${id}/ranges`, range);
export const applyRange = (id) => post(`api/jobs/${id}/apply`);

export const share = (id, { name, expiresIn }) =>
  post(`api/jobs/${id}/shares`, { name, expires_in: expiresIn });
export const shares = async (id) => (await got(`api/jobs/${id}/shares`)).shares;
export const endShare = (id, share) =>
  request(`api/jobs/${id}/shares/${share}`, { method: "DELETE" });
