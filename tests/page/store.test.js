import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "#page/editor/store.js";
import { shown } from "#page/transcript/document.js";
import { setText } from "#page/transcript/edits.js";
import { documentOf, segment } from "./documents.js";

test("a failing listener is reported and does not silence the others", () => {
  const store = new Store(documentOf(segment(" Good morning", 0)));
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  let heard = 0;
  store.listen(() => {
    throw new Error("broken");
  });
  store.listen(() => heard++);
  store.change(setText(store.document, 0, ""));
  assert.equal(heard, 1);
  assert.deepEqual(reported, ["broken"]);
});

test("a slow composition is one undo step", ({ mock }) => {
  const store = new Store(documentOf(segment(" Good morning", 0)));
  let now = 0;
  mock.method(performance, "now", () => (now += 5000));
  for (const part of ["h", "ha", "hao"]) store.type(setText(store.document, 0, part), 0, true);
  store.type(setText(store.document, 0, "好"), 0);
  store.type(setText(store.document, 0, "好!"), 0);
  store.undo();
  assert.equal(shown(store.document.segments[0]), "好");
  store.undo();
  assert.equal(shown(store.document.segments[0]), "Good morning");
});
