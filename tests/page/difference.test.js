import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, wordDifference } from "#page/transcript/difference.js";

const segment = (text, start, speaker = null) => ({ start, end: start + 1, text, speaker });

test("the words that differ are marked in the order of reading", () => {
  assert.deepEqual(wordDifference(" there is fresh bread", " there is warm bread now"), [
    { kind: "same", text: "there is" },
    { kind: "out", text: "fresh" },
    { kind: "in", text: "warm" },
    { kind: "same", text: "bread" },
    { kind: "in", text: "now" },
  ]);
});

test("changed segments are found among equal ones, with speakers and times", () => {
  const old = [segment(" one", 0), segment(" two", 1), segment(" three", 2), segment(" four", 3)];
  const now = [segment(" one", 0, "Ada"), segment(" too", 1), segment(" three", 2.5), old[3]];
  const { changes, speakers, times } = difference(old, now);
  assert.deepEqual(changes, [
    {
      start: 1,
      pieces: [
        { kind: "out", text: "two" },
        { kind: "in", text: "too" },
      ],
    },
  ]);
  assert.deepEqual([speakers, times], [1, 1]);
  assert.deepEqual(difference(old, old), { changes: [], speakers: 0, times: 0 });
});
