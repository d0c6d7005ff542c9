// A recording from the microphone, kept in the browser piece by piece while it grows, so that a closed
// tab loses nothing. IndexedDB: localStorage holds no sound.

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
 * Does one thing with the stored pieces.
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
      const asked = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
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

/** The recordings of earlier visits. None where the browser forbids storage (a private window). */
export async function recordings() {
  /** @type {Piece[]} */
  const pieces = await store("readonly", (stored) => stored.getAll()).catch(() => []);
  /** @type {Map<string, Recording>} */
  const found = new Map();
  for (const { recording: id, name, blob } of pieces) {
    if (locked.has(id)) continue;
    found.set(id, { id, name, size: (found.get(id)?.size ?? 0) + blob.size });
  }
  return [...found.values()];
}

/** What this page is recording now. @type {Set<string>} */
export const locked = new Set();

/**
 * A kept recording as a file to send.
 * @param {string} recording
 */
export async function file(recording) {
  /** @type {Piece[]} */
  const pieces = await store("readonly", (stored) => stored.getAll(all(recording)));
  const blobs = pieces.map(({ blob }) => blob);
  return new File(blobs, pieces[0].name, { type: blobs[0].type });
}
