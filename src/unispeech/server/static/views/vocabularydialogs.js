// Dialogs that list, create, change and delete the vocabulary lists.

/** @import { VocabularyShown } from "../service.d.ts" */

import * as api from "../api.js";
import { ask, confirm } from "../dialog.js";
import { h } from "../dom.js";
import { t } from "../strings/index.js";
import { mergedWords, wordsIn } from "./words.js";

const NAME_LENGTH = 60; // characters

/**
 * New names of changed lists; "" is the old name of a new list.
 * @typedef {Map<string, string>} Renamed
 * @typedef {{ name: string, text: string }} Draft
 */

/**
 * Show all lists, and edit them until the user closes the dialog.
 * @returns {Promise<Renamed>}
 */
export async function choose() {
  /** @type {Renamed} */
  const renamed = new Map();
  for (;;) {
    const answer = await askForList();
    if (answer === "new") merge(renamed, await create());
    else if (answer?.startsWith("list ")) merge(renamed, await edit(answer.slice(5)));
    else return renamed;
  }
}

/** @type {(renamed: Renamed, more: Renamed) => void} */
function merge(renamed, more) {
  for (const [before, after] of more) {
    const first = [...renamed].find(([, now]) => now === before)?.[0] ?? before;
    renamed.set(first, after);
  }
}

async function askForList() {
  const lists = await api.vocabularies();
  const { keys_required } = await api.info();
  const rows = lists.map(({ name, size }) =>
    h(
      "li",
      {},
      h(
        "button",
        { value: `list ${name}`, class: "bare" },
        h("bdi", { class: "grow" }, name),
        h("span", { class: "soft" }, t("vocabulary.size", { count: size })),
      ),
    ),
  );
  return ask({
    title: t("vocabulary.title"),
    content: [
      h("p", { class: "soft" }, t(keys_required ? "vocabulary.shared" : "vocabulary.everyone")),
      rows.length ? h("ul", { class: "lists" }, rows) : h("p", {}, t("vocabulary.none")),
    ],
    buttons: [
      { label: t("vocabulary.new"), value: "new" },
      { label: t("close"), value: "", kind: "" },
    ],
  });
}

/**
 * Ask for a new list and store it.
 * @returns {Promise<Renamed>}
 */
export async function create() {
  const saved = await askUntilSaved(
    { name: "", text: "" },
    { title: t("vocabulary.new.title"), canDelete: false },
    (list) => api.saveVocabulary(list.name, list, null),
  );
  return saved ? new Map([["", saved]]) : new Map();
}

/**
 * @param {string} name
 * @returns {Promise<Renamed>}
 */
async function edit(name) {
  const { vocabulary, etag } = await api.vocabulary(name);
  const draft = { name, text: vocabulary.words.join("\n") };
  const about = { title: t("vocabulary.edit.title"), canDelete: true };
  const saved = await askUntilSaved(draft, about, (list) => save(vocabulary, list, etag));
  return saved ? new Map([[name, saved]]) : new Map();
}

/**
 * Save a list. If a colleague was faster, the same words are added and removed in their version.
 * @param {VocabularyShown} before
 * @param {VocabularyShown} mine
 * @param {string} etag
 * @returns {Promise<unknown>}
 */
async function save(before, mine, etag) {
  try {
    return await api.saveVocabulary(before.name, mine, etag);
  } catch (error) {
    if (!(error instanceof api.Trouble) || error.code !== "vocabulary_changed") throw error;
    const theirs = await api.vocabulary(before.name).catch(() => null);
    if (!theirs) return api.saveVocabulary(mine.name, mine, null); // a colleague has deleted it
    const versions = { before: before.words, mine: mine.words, theirs: theirs.vocabulary.words };
    const merged = { name: mine.name, words: mergedWords(versions) };
    return api.saveVocabulary(before.name, merged, theirs.etag);
  }
}

/**
 * Ask for name and words until the server takes them, and return the name; null if the user cancels or deletes
 * the list.
 * @param {Draft} draft
 * @param {{ title: string, canDelete: boolean }} about
 * @param {(list: VocabularyShown) => Promise<unknown>} store
 * @returns {Promise<string | null>}
 */
async function askUntilSaved(draft, about, store) {
  let { name, text } = draft;
  let trouble = "";
  for (;;) {
    const form = fields({ name, text }, trouble);
    const answer = await ask({
      title: about.title,
      content: form.element,
      buttons: [
        ...(about.canDelete
          ? [{ label: t("vocabulary.delete"), value: "delete", kind: "danger" }]
          : []),
        { label: t("cancel"), value: "" },
        { label: t("vocabulary.save"), value: "save", kind: "main" },
      ],
    });
    name = form.name.value.trim();
    text = form.words.value;
    if (!answer && isSame({ name, text }, draft)) return null;
    if (!answer && (await isGivenUp())) return null;
    if (answer === "delete" && (await isDeleted(draft.name))) return null;
    if (answer !== "save") continue;
    try {
      await store({ name, words: wordsIn(text) });
      return name;
    } catch (error) {
      trouble = api.messageOf(error);
    }
  }
}

/** @type {(one: Draft, other: Draft) => boolean} */
const isSame = (one, other) => one.name === other.name && one.text === other.text;

const isGivenUp = () =>
  confirm(t("vocabulary.leave.title"), t("vocabulary.leave.text"), t("vocabulary.leave.go"), {
    danger: true,
  });

/** @param {string} name */
async function isDeleted(name) {
  const isSure = await confirm(
    t("vocabulary.delete.title", { name }),
    t("vocabulary.delete.text"),
    t("vocabulary.delete"),
    { danger: true },
  );
  if (isSure) await api.deleteVocabulary(name);
  return isSure;
}

/**
 * @param {Draft} draft
 * @param {string} trouble
 */
function fields(draft, trouble) {
  const name = h("input", {
    id: "v-name",
    value: draft.name,
    required: true,
    maxlength: NAME_LENGTH,
    pattern: "[^\\/\\\\,]*",
    title: t("vocabulary.name.form"),
    dir: "auto",
    autofocus: !draft.name,
  });
  const words = h("textarea", {
    id: "v-words",
    value: draft.text,
    rows: 9,
    dir: "auto",
    autofocus: Boolean(draft.name),
    "aria-describedby": "v-words-hint",
  });
  const count = h("p", { class: "hint", role: "status" });
  const show = () => {
    count.textContent = t("vocabulary.size", { count: wordsIn(words.value).length });
  };
  words.addEventListener("input", show);
  show();
  const element = h(
    "div",
    { class: "vocabulary-form" },
    trouble ? h("p", { class: "note trouble", role: "alert" }, trouble) : null,
    h("div", { class: "field" }, h("label", { for: "v-name" }, t("vocabulary.name")), name),
    h(
      "div",
      { class: "field" },
      h("label", { for: "v-words" }, t("vocabulary.words")),
      words,
      h("p", { class: "hint", id: "v-words-hint" }, t("vocabulary.words.hint")),
      count,
    ),
  );
  return { element, name, words };
}
