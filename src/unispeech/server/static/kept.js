// A recording from the microphone, kept in the browser piece by piece while it grows, so that a closed
// tab loses nothing. IndexedDB: localStorage holds no sound.

const STORE = "pieces";

function database() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("unispeech", 1);
    opening.onupgradeneeded = () =>
      opening.result.createObjectStore(STORE, { keyPath: ["recording", "number"] });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

async function store(mode, work) {
  const open = await database();
  try {
    return await new Promise((resolve, reject) => {
      const doing = open.transaction(STORE, mode);
      const asked = work(doing.objectStore(STORE));
      doing.oncomplete = () => resolve(asked?.result);
      doing.onerror = doing.onabort = () => reject(doing.error);
    });
  } finally {
    open.close();
  }
}

const all = (recording) => IDBKeyRange.bound([recording, 0], [recording, Infinity]);

export const keep = (recording, name, number, blob) =>
  store("readwrite", (pieces) => pieces.put({ recording, name, number, blob }));

export const forget = (recording) => store("readwrite", (pieces) => pieces.delete(all(recording)));

/** What is kept: [{id, name, size}]. Nothing where the browser forbids it (a private window). */
export async function recordings() {
  const pieces = await store("readonly", (found) => found.getAll()).catch(() => []);
  const found = new Map();
  for (const { recording, name, blob } of pieces) {
    if (locked.has(recording)) continue;
    const one = found.get(recording) ?? { id: recording, name, size: 0 };
    one.size += blob.size;
    found.set(recording, one);
  }
  return [...found.values()];
}

/** What this page is recording now. */
export const locked = new Set();

/** A kept recording as a file to send. */
export async function file(recording) {
  const pieces = await store("readonly", (found) => found.getAll(all(recording)));
  return new File(
    pieces.map((piece) => piece.blob),
    pieces[0].name,
    { type: pieces[0].blob.type },
  );
}
