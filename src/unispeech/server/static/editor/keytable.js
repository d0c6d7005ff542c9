// Keyboard shortcuts: the table of the page, the user's own keys, and the command of a key press.

import { settings } from "../settings.js";
import { t } from "../strings/index.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * Commands and their keys in groups. `Mod` is Ctrl, or Cmd on a Mac.
 * @type {[group: string, [command: string, ...keys: string[]][]][]}
 */
export const KEYS = [
  [
    "keys.hear",
    [
      ["play", "Escape", "Alt+K", "F9"],
      ["back", "Alt+J", "F7"],
      ["forward", "Alt+L", "F8"],
      ["replay", "Alt+P"],
      ["loop", "Alt+O"],
      ["slower", "Alt+,"],
      ["faster", "Alt+."],
      ["pause", "F4"],
      ["zoomIn", "Alt+Shift+Z"],
      ["zoomOut", "Alt+Z"],
    ],
  ],
  [
    "keys.go",
    [
      ["previous", "Alt+ArrowUp"],
      ["next", "Alt+ArrowDown"],
      ["doubt", "Alt+N"],
      ["doubtBack", "Alt+Shift+N"],
      ["right", "Alt+R"],
      ["desk", "Alt+D"],
      ["typewriter", "Alt+Y"],
      ["find", "Mod+F"],
      ["replace", "Mod+H"],
    ],
  ],
  [
    "keys.change",
    [
      ["split", "Enter"],
      ["mergeBack", "Backspace"],
      ["mergeOn", "Delete"],
      ["moveBack", "Alt+Shift+ArrowUp"],
      ["moveOn", "Alt+Shift+ArrowDown"],
      ["begins", "Alt+B"],
      ["ends", "Alt+E"],
      ["earlier", "Alt+Shift+ArrowLeft"],
      ["later", "Alt+Shift+ArrowRight"],
      ["add", "Alt+I"],
      ["times", "Alt+T"],
      ["speaker", "Alt+W"],
      ["selectOn", "Mod+Shift+ArrowDown"],
      ["selectBack", "Mod+Shift+ArrowUp"],
      ["quote", "Alt+Q"],
      ["link", "Alt+Shift+Q"],
      ["again", "Alt+A"],
      ["menu", "Alt+M"],
      ["undo", "Mod+Z"],
      ["redo", "Mod+Shift+Z", "Mod+Y"],
      ["save", "Mod+S"],
    ],
  ],
  ["keys.help", [["keys", "Alt+H", "F1"]]],
];

/** Commands whose keys depend on the place of the caret and cannot be changed. */
export const FIXED = ["split", "mergeBack", "mergeOn"];

/**
 * The user's own keys by command.
 * @returns {Record<string, string[]>}
 */
function own() {
  /** @type {Record<string, string[]>} */
  const none = {};
  return settings.get("keys", none);
}

/** @type {[command: string, ...keys: string[]][]} */
const COMMANDS = KEYS.flatMap(([, commands]) => commands);

/**
 * Keys of a command.
 * @param {string} command
 * @returns {string[]}
 */
export function keysOf(command) {
  return own()[command] ?? COMMANDS.find(([name]) => name === command)?.slice(1) ?? [];
}

const pairs = () =>
  COMMANDS.flatMap(([command]) =>
    keysOf(command).map((keys) => /** @type {[string, string]} */ ([keys, command])),
  );

/**
 * Give keys to a command, and take them from any other.
 * @param {string} command
 * @param {string} keys
 */
export function assign(command, keys) {
  const changed = { ...own(), [command]: [keys] };
  for (const [name] of COMMANDS) {
    const others = keysOf(name);
    if (name !== command && others.includes(keys))
      changed[name] = others.filter((other) => other !== keys);
  }
  settings.set("keys", changed);
}

/** Forget the user's own keys. */
export function resetKeys() {
  settings.set("keys", null);
}

/**
 * Keys of a press as the table writes them; null for a modifier alone, and for keys that type.
 * @param {KeyboardEvent} event
 */
export function keysPressed(event) {
  const { key, code, altKey, shiftKey, metaKey, ctrlKey } = event;
  if (["Control", "Shift", "Alt", "Meta", "AltGraph", "Tab", "Escape"].includes(key)) return null;
  const mod = MAC ? metaKey : ctrlKey;
  const isFunction = /^F\d+$|^Media/.test(key);
  if (!mod && !altKey && !isFunction) return null;
  const letter =
    /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? (key.length === 1 ? key.toUpperCase() : key);
  const parts = [mod && "Mod", altKey && "Alt", shiftKey && "Shift", letter];
  return parts.filter(Boolean).join("+");
}

/**
 * Command of a key press, or null.
 * @param {KeyboardEvent} event
 */
export function commandOf(event) {
  if (event.isComposing || event.getModifierState("AltGraph")) return null;
  return pairs().find(([keys]) => pressed(keys, event))?.[1] ?? null;
}

/**
 * @param {string} keys
 * @param {KeyboardEvent} event
 */
function pressed(keys, event) {
  const parts = keys.split("+");
  const key = parts.at(-1) ?? "";
  const mod = MAC ? event.metaKey : event.ctrlKey;
  const other = MAC ? event.ctrlKey : event.metaKey;
  if (
    other ||
    mod !== parts.includes("Mod") ||
    event.altKey !== parts.includes("Alt") ||
    event.shiftKey !== parts.includes("Shift")
  )
    return false;
  // With Alt a Mac types another character, so the physical key counts.
  return (
    event.key.toLowerCase() === key.toLowerCase() || (event.altKey && event.code === place(key))
  );
}

/** @param {string} key */
function place(key) {
  if (key === ",") return "Comma";
  if (key === ".") return "Period";
  return key.length === 1 ? `Key${key}` : key;
}

/**
 * Keys of a command as labelled on the keyboard.
 * @param {string} command
 */
export function shownKeys(command) {
  const [first] = keysOf(command);
  return first ? written(first) : "";
}

/** @param {string} keys */
export function written(keys) {
  /** @type {Record<string, string>} */
  const signs = {
    ...(MAC
      ? { Mod: "⌘", Alt: "⌥", Shift: "⇧" }
      : { Mod: t("key.ctrl"), Alt: "Alt", Shift: t("key.shift") }),
    ArrowUp: "↑",
    ArrowDown: "↓",
    ArrowLeft: "←",
    ArrowRight: "→",
    Escape: "Esc",
    Backspace: t("key.backspace"),
    Delete: t("key.delete"),
    Enter: t("key.enterkey"),
  };
  return keys
    .split("+")
    .map((part) => signs[part] ?? part)
    .join(MAC ? "" : " ");
}

/**
 * Digit that chooses a speaker: with Alt everywhere, alone outside text and fields. Null for other keys.
 * @param {KeyboardEvent} event
 */
export function digitOf(event) {
  const { code, altKey, ctrlKey, metaKey, shiftKey, target } = event;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1];
  if (!digit || ctrlKey || metaKey || shiftKey || !(target instanceof HTMLElement)) return null;
  const isField = target.isContentEditable || target.matches("input, select, textarea");
  return altKey || !isField ? Number(digit) : null;
}
