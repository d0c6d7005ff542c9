// Recordings of microphones and tabs, stored in the browser chunk by chunk while they grow, so that closing the tab
// loses nothing. IndexedDB, because localStorage cannot hold blobs.

const STORE = "pieces";

/**
 * @typedef {{ recording: string, name: string, number: number, blob: Blob }} Piece
 * @typedef {{ id: string, name: string, size: number }} Recording
 */

/** @returns {Promise<IDBDatabase>} */
function database() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("unispeech", 1);
    opening.onupgradeneeded = () =>
      opening.result.createObjectStore(STORE, { keyPath: ["recording", "number"] });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

/**
 * Run one request on the stored pieces.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(pieces: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>}
 */
async function store(mode, work) {
  const open = await database();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = open.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    open.close();
  }
}

/** @param {string} recording */
const all = (recording) => IDBKeyRange.bound([recording, 0], [recording, Infinity]);

/** @type {(recording: string, name: string, number: number, blob: Blob) => Promise<IDBValidKey>} */
export const keep = (recording, name, number, blob) =>
  store("readwrite", (pieces) => pieces.put({ recording, name, number, blob }));

/** @param {string} recording */
export const forget = (recording) => store("readwrite", (pieces) => pieces.delete(all(recording)));

/** Recordings of earlier visits, not those of `hold`; empty if the browser forbids storage (private windows). */
export async function recordings() {
  /** @type {Piece[]} */
  const pieces = await store("readonly", (stored) => stored.getAll()).catch(() => []);
  const others = await held();
  /** @type {Map<string, Recording>} */
  const recordings = new Map();
  for (const { recording: id, name, blob } of pieces) {
    if (others.has(id)) {
      awaitRelease(id);
      continue;
    }
    recordings.set(id, { id, name, size: (recordings.get(id)?.size ?? 0) + blob.size });
  }
  return [...recordings.values()];
}

/** Event of the document: a recording that was being made or sent no longer is. */
export const RELEASED = "recording-released";
const LOCK = "unispeech.recording.";
/** @type {Set<string>} */
const awaited = new Set();

/**
 * Keep a recording that is being made or sent out of `recordings`, in every tab. Returns a function that
 * ends this; closing the tab ends it too.
 * @param {string} recording
 */
export function hold(recording) {
  const end = new AbortController();
  const ended = new Promise((resolve) => end.signal.addEventListener("abort", resolve));
  const lock = navigator.locks?.request(LOCK + recording, () => ended);
  return async () => {
    end.abort();
    await lock;
  };
}

/**
 * Announce once that a recording is no longer held.
 * @param {string} recording
 */
async function awaitRelease(recording) {
  if (awaited.has(recording)) return;
  awaited.add(recording);
  await navigator.locks.request(LOCK + recording, () => awaited.delete(recording));
  document.dispatchEvent(new CustomEvent(RELEASED));
}

/** Ids of the recordings that are being made or sent. */
async function held() {
  const { held: locks = [] } = (await navigator.locks?.query()) ?? {};
  return new Set(locks.map(({ name = "" }) => name.replace(LOCK, "")));
}

/**
 * Stored recording as a file to upload.
 * @param {string} recording
 */
export async function file(recording) {
  /** @type {Piece[]} */
  const pieces = await store("readonly", (stored) => stored.getAll(all(recording)));
  const blobs = pieces.map(({ blob }) => blob);
  return new File(blobs, pieces[0].name, { type: blobs[0].type });
}
