// Keyboard shortcuts as a table, which the help also shows.

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../strings/index.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * Commands and their keys in groups. `Mod` is Ctrl, or Cmd on a Mac.
 * @type {[group: string, [command: string, ...keys: string[]][]][]}
 */
const KEYS = [
  [
    "keys.hear",
    [
      ["play", "Escape", "Alt+K"],
      ["back", "Alt+J"],
      ["forward", "Alt+L"],
      ["replay", "Alt+P"],
      ["loop", "Alt+O"],
      ["slower", "Alt+,"],
      ["faster", "Alt+."],
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

const TABLE = KEYS.flatMap(([, commands]) =>
  commands.flatMap(([command, ...keys]) => keys.map((key) => [key, command])),
);

/**
 * Command of a key press, or null.
 * @param {KeyboardEvent} event
 */
export function commandOf(event) {
  if (event.isComposing || event.getModifierState("AltGraph")) return null;
  return TABLE.find(([keys]) => pressed(keys, event))?.[1] ?? null;
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
  const entry = TABLE.find(([, name]) => name === command);
  return entry ? written(entry[0]) : "";
}

/** @param {string} keys */
function written(keys) {
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

/** Show the keyboard shortcuts in a dialog. */
export function showKeys() {
  return ask({
    title: t("keys.title"),
    large: true,
    content: [
      h("p", { class: "soft" }, t("keys.note")),
      h(
        "div",
        { class: "keys" },
        KEYS.map(([group, commands]) =>
          h(
            "section",
            {},
            h("h3", {}, t(group)),
            h(
              "dl",
              {},
              commands.map(([command, ...keys]) =>
                h(
                  "div",
                  {},
                  h("dt", {}, t(`command.${command}`)),
                  h(
                    "dd",
                    {},
                    keys.map((key) => h("kbd", {}, written(key))),
                  ),
                ),
              ),
            ),
          ),
        ),
      ),
    ],
    buttons: [{ label: t("close"), value: "", kind: "main" }],
  });
}
