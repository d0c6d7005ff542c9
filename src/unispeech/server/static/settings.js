// Settings of this browser. The only module that uses localStorage; without it, settings last until the
// page is reloaded.

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
    // The value stays in memory.
  }
}

export const settings = {
  /**
   * The API key. Survives a restart of the browser only if the user chose that.
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
      // The value stays in memory.
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
