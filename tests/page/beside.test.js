import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { places, textsBeside } from "#page/transcript/beside.js";

const spans = (pairs) => pairs.map(([start, end], key) => ({ start, end, key, text: ` t${key}` }));

const cases = JSON.parse(readFileSync(new URL("../beside.json", import.meta.url), "utf8"));
for (const { name, originals, translated, places: expected } of cases) {
  test(`places of translations, as on the server: ${name}`, () => {
    assert.deepEqual(places(spans(originals), spans(translated)), expected);
  });
}

test("translations of one segment are joined in their order", () => {
  const originals = spans([
    [0, 4],
    [4, 8],
    [8, 9],
  ]);
  const translated = spans([
    [0, 1],
    [1, 2],
    [8, 9],
  ]);
  assert.deepEqual(
    [...textsBeside(originals, translated)],
    [
      [0, "t0 t1"],
      [2, "t2"],
    ],
  );
});
