import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "#page/transcript/document.js";
import { matches, pattern, replaced } from "#page/transcript/find.js";
import { documentOf, segment, texts } from "./documents.js";

const document = documentOf(
  segment(" The cat (a Cat) concatenates", 0),
  segment(" straße. CAT", 9),
);

test("find counts by case and by whole word", () => {
  const count = (query, options) => matches(document, pattern(query, options)).length;
  assert.equal(count("cat"), 4);
  assert.equal(count("cat", { wholeWord: true }), 3);
  assert.equal(count("Cat", { matchCase: true }), 1);
  assert.equal(count("(a"), 1); // a query is no regular expression
  assert.equal(count(""), 0);
});

test("replace takes the new text literally", () => {
  const all = matches(document, pattern("cat", { wholeWord: true }));
  assert.deepEqual(texts(apply(document, replaced(document, all, "$& dog"))), [
    " The $& dog (a $& dog) concatenates",
    " straße. $& dog",
  ]);
});

test("replace edits segments in reading order", () => {
  const edit = replaced(document, matches(document, pattern("cat")), "dog");
  assert.deepEqual(
    edit.map(({ at }) => at),
    [0, 1],
  );
});
