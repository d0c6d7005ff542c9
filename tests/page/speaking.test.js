import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "#page/transcript/document.js";
import { outline } from "#page/transcript/outline.js";
import { passages } from "#page/transcript/quotation.js";
import { sampleOf, setSpeakerFrom, talkTimes } from "#page/transcript/speaking.js";
import { documentOf, segment } from "./documents.js";

const document = documentOf(
  segment(" one two", 0, "Ada"),
  segment(" three", 2, "Bob"),
  segment(" four five", 3, "Ada"),
  segment(" six", 5),
);
const names = ({ segments }) => segments.map(({ speaker }) => speaker);

test("from here on only segments of the same speaker change", () => {
  assert.deepEqual(names(apply(document, setSpeakerFrom(document, 2, "Eve"))), [
    "Ada",
    "Bob",
    "Eve",
    null,
  ]);
  assert.deepEqual(names(apply(document, setSpeakerFrom(document, 0, null))), [
    null,
    "Bob",
    null,
    null,
  ]);
});

test("talk time counts everybody, also nobody", () => {
  assert.deepEqual(
    [...talkTimes(document)],
    [
      ["Ada", 4],
      ["Bob", 1],
      [null, 1],
    ],
  );
  assert.deepEqual(sampleOf(document, "Bob"), { start: 2, end: 3 });
  assert.equal(sampleOf(document, "Eve"), undefined);
});

test("a quotation joins adjacent segments of a speaker", () => {
  const quoted = passages([document.segments[0], { ...document.segments[1], speaker: "Ada" }]);
  assert.deepEqual(quoted, [{ start: 0, speaker: "Ada", text: "one two three" }]);
});

test("the outline has an entry for each turn that is long enough after the last", () => {
  const long = documentOf(
    ...[0, 20, 25, 60].map((start, i) => segment(" word", start, ["Ada", "Bob"][i % 2])),
  );
  assert.deepEqual(
    outline(long).map(({ at }) => at),
    [0, 1, 3],
  );
});
