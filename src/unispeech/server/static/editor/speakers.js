// Speakers: choose one for a segment in a menu, or rename one everywhere in a dialog.

/** @import { Item } from "../menu.js" */
/** @import { Store } from "./store.js" */

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { openMenu } from "../menu.js";
import { t } from "../strings/index.js";
import { speakers } from "../transcript/document.js";
import { renameSpeaker, setSpeaker } from "../transcript/edits.js";

/**
 * Open the menu of a segment's speaker.
 * @param {HTMLElement} button
 * @param {Store} store
 * @param {number} index
 */
export function speakerMenu(button, store, index) {
  const { speaker } = store.document.segments[index];
  /** @param {string | null} name */
  const set = (name) => store.change(setSpeaker(store.document, index, name));
  /** @type {(Item | null)[]} */
  const items = speakers(store.document).map((name) => ({
    label: h("bdi", {}, name),
    checked: name === speaker,
    run: () => set(name),
  }));
  items.push({ label: t("speaker.nobody"), checked: !speaker, run: () => set(null) }, null);
  items.push({
    label: t("speaker.new"),
    run: async () => {
      const name = await askName(t("speaker.new"), "");
      if (name) set(name);
    },
  });
  if (speaker) {
    const label = t("speaker.rename", { name: speaker });
    const rename = async () => {
      const name = await askName(label, speaker);
      if (name) store.change(renameSpeaker(store.document, speaker, name));
    };
    items.push({ label, run: rename });
  }
  openMenu(button, items, t("command.speaker"));
}

/**
 * @param {string} title
 * @param {string} value
 */
async function askName(title, value) {
  const input = h("input", {
    id: "speaker-name",
    value,
    required: true,
    maxlength: "100",
    dir: "auto",
    autocomplete: "off",
    autofocus: true,
  });
  const answer = await ask({
    title,
    content: h("div", { class: "field" }, h("label", { for: input.id }, t("speaker.name")), input),
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("apply"), value: "set", kind: "main" },
    ],
  });
  return answer ? input.value.trim() : null;
}
