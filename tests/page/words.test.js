import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { apply } from "#page/transcript/document.js";
import { setText } from "#page/transcript/edits.js";
import { places, realigned, tokens, wordAt } from "#page/transcript/words.js";
import { documentOf, segment, words } from "./documents.js";

const edited = (document, text) => apply(document, setText(document, 0, text)).segments[0].words;

test("unchanged words keep their times", () => {
  const words = edited(
    documentOf(segment(" Good morning and welcome", 0)),
    "Good mornings and very welcome",
  );
  assert.deepEqual(
    words.map(({ word, start, probability }) => [word, start, probability]),
    [
      [" Good", 0, 0.5],
      [" mornings", 1, 1],
      [" and", 2, 0.5],
      [" very", 2.8, 1],
      [" welcome", 3, 0.5],
    ],
  );
});

const cases = JSON.parse(readFileSync(new URL("../retiming.json", import.meta.url), "utf8"));
for (const { name, words: old, text, start, end, expected } of cases) {
  test(`retiming, as on the server: ${name}`, () => {
    assert.deepEqual(realigned(old, text, start, end), expected);
  });
}

test("words of scripts without spaces keep their times", () => {
  const text = "今天天气很好";
  const old = ["今天", "天气", "很好"].map((word, start) => ({
    word,
    start,
    end: start + 1,
    probability: 0.4,
  }));
  const words = edited(documentOf({ start: 0, end: 3, text, words: old }), "今天空气很好");
  assert.equal(words.map(({ word }) => word).join(""), "今天空气很好");
  assert.equal(words[0].start, 0);
  assert.deepEqual([words.at(-1).word, words.at(-1).start], ["很好", 2]);
});

test("tokens join to the text", () => {
  for (const text of [" Good morning ", "今天天气很好。", " ผมไปตลาด ok", "", "  "]) {
    assert.equal(tokens(text).join(""), text.trim() ? text : "");
  }
});

test("a text without words gets none", () => {
  assert.deepEqual(realigned([], " Good morning", 0, 2), []);
});

test("letters belong to words", () => {
  const list = words(" Good morning");
  assert.deepEqual(
    [0, 4, 5, 12, 99].map((letter) => wordAt(list, letter)),
    [0, 0, 1, 1, 1],
  );
  assert.deepEqual(places(list), [
    [1, 5],
    [6, 13],
  ]);
});
