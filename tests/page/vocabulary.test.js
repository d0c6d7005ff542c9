import assert from "node:assert/strict";
import { test } from "node:test";
import { mergedWords, wordsIn } from "#page/views/words.js";

test("words are on lines or between commas, once", () => {
  assert.deepEqual(wordsIn(" Ada Lovelace\n\nZyzzyva, Müller;Ada Lovelace\r\n東京、京都"), [
    "Ada Lovelace",
    "Zyzzyva",
    "Müller",
    "東京",
    "京都",
  ]);
  assert.deepEqual(wordsIn(" \n,"), []);
});

test("changes of two people to a list are merged", () => {
  const before = ["a", "b", "c"];
  assert.deepEqual(
    mergedWords({ before, mine: ["a", "c", "mine"], theirs: ["a", "b", "theirs"] }),
    ["a", "theirs", "mine"],
  );
  assert.deepEqual(mergedWords({ before, mine: ["a", "x"], theirs: ["x"] }), ["x"]);
});
