import assert from "node:assert/strict";
import { test } from "node:test";
import { doubtAfter, doubtBefore, doubts, positionOf } from "#page/editor/doubts.js";
import { opened } from "#page/transcript/document.js";

/** Words of one second each; a "?" marks doubtful ones. */
const segment = (text, start) => ({
  start,
  end: start + 5,
  text,
  words: (text.match(/\s*\S+/g) ?? []).map((word, index) => ({
    start: start + index,
    end: start + index + 1,
    word,
    probability: word.includes("?") ? 0.2 : 0.9,
  })),
});

const all = doubts(
  opened({
    segments: [segment(" one two? three?", 0), segment(" four", 10), segment(" five?", 20)],
    gaps: [{ start: 15, end: 19, reason: "no text" }],
  }),
);

test("doubts are words and gaps in order, as ranges of the shown text", () => {
  assert.deepEqual(all.map(positionOf), [
    [0, 4, 8],
    [0, 9, 15],
    [1.5, 0, 1],
    [2, 0, 5],
  ]);
});

test("the next doubt after the last is the first", () => {
  assert.equal(doubtAfter(all, [0, 0, 0]), all[0]);
  assert.equal(doubtAfter(all, [0, 4, 8]), all[1]);
  assert.equal(doubtAfter(all, [1, 0, 0]), all[2]);
  assert.equal(doubtAfter(all, [2, 0, 5]), all[0]);
});

test("the previous doubt ends before the position", () => {
  assert.equal(doubtBefore(all, [2, 0, 5]), all[2]);
  assert.equal(doubtBefore(all, [0, 9, 15]), all[0]);
  assert.equal(doubtBefore(all, [0, 0, 0]), all[3]);
});

test("a document without doubts has no next doubt", () => {
  assert.equal(doubtAfter([], [0, 0, 0]), undefined);
  assert.equal(doubtBefore([], [0, 0, 0]), undefined);
});
