import assert from "node:assert/strict";
import { test } from "node:test";
import { BesideTexts } from "#page/editor/besidetexts.js";
import { Store } from "#page/editor/store.js";
import { Translation } from "#page/editor/translation.js";
import { setText } from "#page/transcript/edits.js";
import { documentOf, segment } from "./documents.js";
import { pretendDocument } from "./elements.js";

pretendDocument();

const job = { id: "recording", parent: null, options: {} };
const view = { showBeside() {} };
const labels = ({ items }) => items.map(({ label }) => label);

test("a corrected language decides whether the recording can be translated", () => {
  const store = new Store(documentOf(segment(" Guten Morgen", 0)));
  const translation = new Translation(job, { language: "en" }, store, view);
  assert.deepEqual(labels(translation), []);
  translation.read({ language: "de" });
  assert.equal(labels(translation).length, 1);
  translation.show({ ...job, options: { task: "translate" } });
  assert.deepEqual(labels(translation), []);
});

test("texts beside stay while only the words of a segment change", () => {
  const store = new Store(documentOf(segment(" Guten", 0), segment(" Morgen", 1)));
  const shown = [];
  const texts = new BesideTexts(store, { showBeside: (beside) => shown.push(beside) });
  const [first, second] = store.document.segments;
  texts.set([{ start: second.start, end: second.end, text: " Morning" }], "en");
  texts.show(true);
  const [{ language, textOf }] = shown;
  assert.deepEqual([language, textOf(first), textOf(second)], ["en", "", "Morning"]);
  store.change(setText(store.document, 1, "Abend"));
  assert.equal(textOf(store.document.segments[1]), "Morning");
  texts.show(false);
  assert.equal(shown[1], null);
});
