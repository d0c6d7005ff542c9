// What this browser remembers. One owner of localStorage; a browser that forbids it forgets on reload.

const PREFIX = "unispeech.";
/** @type {Map<string, unknown>} */
const memory = new Map();

/**
 * @param {string} name
 * @returns {unknown}
 */
function read(name) {
  if (memory.has(name)) return memory.get(name);
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {unknown} value null removes it
 */
function write(name, value) {
  memory.set(name, value);
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // It stays in memory.
  }
}

export const settings = {
  /**
   * The API key. Only kept over a restart of the browser where the person wants it.
   */
  get key() {
    return String(memory.get("key") ?? sessionKey() ?? read("key") ?? "");
  },
  /**
   * @param {string} key
   * @param {boolean} keep
   */
  setKey(key, keep) {
    write("key", keep ? key : null);
    memory.set("key", key);
    try {
      if (key && !keep) sessionStorage.setItem(`${PREFIX}key`, key);
      else sessionStorage.removeItem(`${PREFIX}key`);
    } catch {
      // It stays in memory.
    }
  },
  /**
   * @template T
   * @param {string} name
   * @param {T} otherwise
   * @returns {T}
   */
  get: (name, otherwise) => /** @type {T | null} */ (read(name)) ?? otherwise,
  set: write,
};

function sessionKey() {
  try {
    return sessionStorage.getItem(`${PREFIX}key`);
  } catch {
    return null;
  }
}

/** @param {string} theme `system`, `light` or `dark` */
export function applyTheme(theme = settings.get("theme", "system")) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
