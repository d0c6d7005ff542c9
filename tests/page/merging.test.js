import assert from "node:assert/strict";
import { test } from "node:test";
import { opened } from "#page/transcript/document.js";
import { merged, withKnownSegments } from "#page/transcript/merging.js";
import { documentOf, segment, texts } from "./documents.js";

const base = documentOf(
  ...["one", "two", "three", "four", "five"].map((text, index) => segment(` ${text}`, 10 * index)),
).segments;

const changed = (segments, at, text) =>
  segments.map((entry, index) => (index === at ? { ...entry, text, words: [] } : entry));

/** A merge as plain texts. */
const plain = (parts) =>
  parts.map((part) =>
    part.segments
      ? texts(part)
      : { mine: texts({ segments: part.mine }), theirs: texts({ segments: part.theirs }) },
  );

const mine = changed(base, 1, " mine");

test("merge joins edits of different segments", () => {
  const theirs = opened({ segments: changed(base, 3, " theirs") }).segments;
  assert.deepEqual(plain(merged(base, mine, theirs)).flat(), [
    " one",
    " mine",
    " three",
    " theirs",
    " five",
  ]);
});

test("merge keeps both sides of a conflict", () => {
  const theirs = opened({ segments: changed(changed(base, 3, " theirs"), 1, " other") }).segments;
  const conflicts = plain(merged(base, mine, theirs)).filter((part) => !Array.isArray(part));
  assert.deepEqual(conflicts, [{ mine: [" mine"], theirs: [" other"] }]);
});

test("equal edits are no conflict", () => {
  const theirs = opened({ segments: mine }).segments;
  const parts = merged(base, mine, theirs);
  assert.deepEqual(
    parts.flatMap((part) => part.segments),
    mine,
  );
});

test("known segments keep their identity", () => {
  const reloaded = opened({ segments: changed(base, 1, " other") });
  const document = withKnownSegments(reloaded, { segments: base, gaps: [], language: "" });
  assert.equal(document.segments[0], base[0]);
  assert.equal(document.segments[1], reloaded.segments[1]);
});
