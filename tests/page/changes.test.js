import assert from "node:assert/strict";
import { test } from "node:test";
import { changes } from "#page/transcript/changes.js";
import { apply } from "#page/transcript/document.js";
import { setText } from "#page/transcript/edits.js";
import { documentOf, segment } from "./documents.js";

const before = documentOf(
  ...["one", "two", "three", "four", "five"].map((word, index) => segment(` ${word}`, 3 * index)),
);
const edited = apply(before, setText(before, 3, "vier"));

/** Segments of the server after applying changes. */
function applied(segments, list) {
  const result = [];
  let next = 0;
  for (const { at, remove, segments: added } of list) {
    assert.ok(at >= next && at + remove <= segments.length, "changes are not in order");
    result.push(...segments.slice(next, at), ...added);
    next = at + remove;
  }
  return [...result, ...segments.slice(next)];
}

test("an edit of one segment sends one segment", () => {
  assert.deepEqual(changes(before.segments, edited.segments), [
    { at: 3, remove: 1, segments: [edited.segments[3]] },
  ]);
});

test("changes turn the server's list into the page's", () => {
  const [a, b, c, d, e] = before.segments;
  const moved = edited.segments[3];
  const lists = [
    [],
    before.segments,
    edited.segments,
    [b, a, c, d, e],
    [b, c, d, e, a],
    [e, a, b, c, d],
    [moved, ...before.segments],
    [...before.segments, moved],
    [a, moved, e],
    [a, e, moved],
  ];
  for (const list of lists) {
    assert.deepEqual(applied(before.segments, changes(before.segments, list)), list);
  }
});
