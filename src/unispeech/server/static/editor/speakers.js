// Speakers: choose one for a segment or several in a menu, rename one everywhere, or merge two.

/** @import { Item } from "../menu.js" */
/** @import { Choosing } from "./choosing.js" */
/** @import { Roster } from "./roster.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { openMenu } from "../menu.js";
import { t } from "../strings/index.js";
import { renameSpeaker, setSpeakerFrom, setSpeakers } from "../transcript/speaking.js";
import { digitOf } from "./keytable.js";

/** @typedef {{ store: Store, roster: Roster }} Page */

/**
 * Name with the colour of the speaker; null is nobody.
 * @param {Roster} roster
 * @param {string | null} name
 */
export function coloured(roster, name) {
  /** @type {Record<string, string>} */
  const colour = name === null ? {} : { colour: String(roster.colour(name)) };
  const text = name === null ? t("speaker.nobody") : name;
  return h("span", { class: "voice", data: colour }, h("bdi", {}, text));
}

/**
 * Open the menu of speakers for segments.
 * @param {HTMLElement} button
 * @param {Page} page
 * @param {number[]} indices
 */
export function speakerMenu(button, { store, roster }, indices) {
  const { segments } = store.document;
  const [at] = indices;
  const isOne = indices.every((index) => segments[index].speaker === segments[at].speaker);
  const speaker = isOne ? segments[at].speaker : undefined;
  /** @param {string | null} name */
  const set = (name) => store.change(setSpeakers(store.document, indices, name));
  /** @type {(name: string | null, number: number) => Item} */
  const choice = (name, number) => ({
    label: coloured(roster, name),
    keys: number < 10 ? String(number) : "",
    checked: name === speaker,
    run: () => set(name),
  });
  /** @type {(Item | null)[]} */
  const items = roster.names.map((name, index) => choice(name, index + 1));
  items.push(choice(null, 0), null);
  const ask = async () => {
    const name = await askName(t("speaker.new"), "");
    if (name) set(name);
  };
  items.push({ label: t("speaker.new"), run: ask });
  if (indices.length === 1) {
    const run = () => openFrom(button, { store, roster }, at);
    items.push({ label: t("speaker.from"), run });
    if (speaker)
      items.push({
        label: t("speaker.rename", { name: speaker }),
        run: () => rename({ store, roster }, speaker),
      });
  }
  openMenu(button, items, t("command.speaker"));
}

/**
 * Open the menu of speakers for a segment and all later ones of the same speaker.
 * @param {HTMLElement} button
 * @param {Page} page
 * @param {number} at
 */
function openFrom(button, { store, roster }, at) {
  const { speaker } = store.document.segments[at];
  /** @param {string | null} name */
  const set = (name) => store.change(setSpeakerFrom(store.document, at, name));
  const others = [...roster.names, null].filter((name) => name !== speaker);
  const items = others.map((name) => ({ label: coloured(roster, name), run: () => set(name) }));
  const ask = async () => {
    const name = await askName(t("speaker.new"), "");
    if (name) set(name);
  };
  const title = t("speaker.from.title", { name: speaker ?? t("speaker.nobody") });
  openMenu(button, [...items, null, { label: t("speaker.new"), run: ask }], title);
}

/**
 * Give the chosen rows, the row with the focus or the one being played to the speaker of a digit. True if the
 * key was one.
 * @param {Page & { view: TranscriptView, choosing: Choosing }} page
 * @param {KeyboardEvent} event
 * @param {SegmentRow | null} row
 */
export function pressDigit({ store, roster, view, choosing }, event, row) {
  const digit = digitOf(event);
  const name = digit === null ? undefined : roster.ofKey(digit);
  const { indices } = choosing;
  const here = row ? view.index(row) : view.speaking;
  const chosen = indices.length ? indices : here >= 0 ? [here] : [];
  if (name === undefined || !chosen.length) return false;
  store.change(setSpeakers(store.document, chosen, name));
  return true;
}

/**
 * Ask for a new name of a speaker and set it everywhere.
 * @param {Page} page
 * @param {string} speaker
 */
export async function rename({ store, roster }, speaker) {
  const name = await askName(t("speaker.rename", { name: speaker }), speaker);
  if (!name || name === speaker) return;
  roster.rename(speaker, name);
  store.change(renameSpeaker(store.document, speaker, name));
}

/**
 * Open the menu of the speakers that another one can become.
 * @param {HTMLElement} button
 * @param {Page} page
 * @param {string} speaker
 */
export function mergeMenu(button, { store, roster }, speaker) {
  const others = roster.names.filter((name) => name !== speaker);
  const items = others.map((name) => ({
    label: coloured(roster, name),
    run: () => {
      roster.rename(speaker, name);
      store.change(renameSpeaker(store.document, speaker, name));
    },
  }));
  openMenu(button, items, t("speaker.merge.title", { name: speaker }));
}

/**
 * Ask for the name of a speaker; null if the user cancels.
 * @param {string} title
 * @param {string} value
 */
export async function askName(title, value) {
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
