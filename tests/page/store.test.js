import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "#page/editor/store.js";
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
