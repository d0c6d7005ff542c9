import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, become, opened, speakers } from "#page/transcript/document.js";
import * as edits from "#page/transcript/edits.js";
import { matches, pattern } from "#page/transcript/find.js";
import { renameSpeaker } from "#page/transcript/speaking.js";
import { documentOf, segment, texts, words } from "./documents.js";

test("merge undoes split", () => {
  const whole = documentOf(segment(" Good morning and welcome", 0, "Ada"));
  const halves = apply(whole, edits.split(whole, 0, 12));
  assert.deepEqual(
    halves.segments.map(({ text, start, end, speaker }) => [text, start, end, speaker]),
    [
      [" Good morning", 0, 1.8, "Ada"],
      [" and welcome", 1.9, 4, "Ada"],
    ],
  );
  assert.deepEqual(apply(halves, edits.merge(halves, 0)).segments, whole.segments);
});

test("a word that was split is joined without a space", () => {
  const whole = documentOf(segment(" something old", 0));
  const halves = apply(whole, edits.split(whole, 0, 4));
  assert.deepEqual(apply(halves, edits.merge(halves, 0)).segments[0].text, " something old");
  const after = apply(whole, edits.split(whole, 0, 10)); // after the space
  assert.deepEqual(texts(after), [" something", " old"]);
  const changed = apply(halves, edits.setText(halves, 0, "any"));
  assert.deepEqual(texts(apply(changed, edits.merge(changed, 0))), [" any thing old"]);
});

test("a split that leaves one half empty is no edit", () => {
  const document = documentOf(segment(" Good morning", 0));
  assert.deepEqual(edits.split(document, 0, 0), []);
  assert.deepEqual(edits.split(document, 0, 12), []);
});

test("merge puts no space into a word of a script without spaces", () => {
  const document = documentOf({ start: 0, end: 2, text: "我们去公园。", words: [] });
  const halves = apply(document, edits.split(document, 0, 4));
  const again = apply(halves, edits.merge(halves, 0));
  assert.deepEqual(texts(halves), ["我们去公", "园。"]);
  assert.deepEqual(texts(again), ["我们去公园。"]);
  assert.deepEqual(matches(again, pattern("公园", { wholeWord: true })), [
    { at: 0, from: 3, to: 5 },
  ]);
});

test("split shares the time of the word it cuts", () => {
  const document = documentOf(segment(" something", 0));
  const [first, second] = apply(document, edits.split(document, 0, 4)).segments;
  assert.deepEqual([first.text, second.text], [" some", "thing"]);
  assert.equal(first.words[0].end, 0.4);
  assert.equal(second.words[0].start, 0.4);
  assert.deepEqual([first.words[0].timed_by, second.words[0].timed_by], ["estimated", "estimated"]);
});

test("text moved across a boundary keeps its time", () => {
  const document = documentOf(
    segment(" Good morning and", 0),
    segment(" welcome to the garden", 3),
  );
  const back = apply(document, edits.moveBack(document, 1, 7));
  assert.deepEqual(texts(back), [" Good morning and welcome", " to the garden"]);
  assert.equal(back.segments[0].end, 3.8);
  const on = apply(document, edits.moveOn(document, 0, 12));
  assert.deepEqual(texts(on), [" Good morning", " and welcome to the garden"]);
  assert.equal(on.segments[1].start, 1.9);
});

test("words stay within the times of their segment", () => {
  const document = documentOf(segment(" one two three", 5));
  const [squeezed] = apply(document, edits.setTimes(document, 0, 5.5, 7)).segments;
  for (const { start, end } of squeezed.words) {
    assert.ok(5.5 <= start && start <= end && end <= 7, `${start} to ${end}`);
  }
});

test("shift stops at the start of the recording", () => {
  const document = documentOf(segment(" one two three", 5));
  const [shifted] = apply(document, edits.shift(document, 0, -9)).segments;
  assert.deepEqual([shifted.start, shifted.words[1].start], [0, 1]);
});

test("letters and phones move with their word", () => {
  const [word] = words(" one", 5);
  const timed = { ...word, characters: [[5, 5.8, "o"]], phones: [[5.1, 5.8, "W"]] };
  const document = documentOf({ ...segment(" one", 5), words: [timed] });
  const [shifted] = apply(document, edits.shift(document, 0, -3)).segments;
  assert.deepEqual(shifted.words[0].characters, [[2, 2.8, "o"]]);
  assert.deepEqual(shifted.words[0].phones, [[2.1, 2.8, "W"]]);
});

test("rename replaces a speaker everywhere and no other", () => {
  const document = documentOf(
    segment(" one", 0, "Ada"),
    segment(" two", 3, "Grace"),
    segment(" three", 6, "Ada"),
  );
  const renamed = apply(document, renameSpeaker(document, "Ada", "Alan"));
  assert.deepEqual(speakers(renamed), ["Alan", "Grace"]);
});

test("become turns a document into another, gaps and all", () => {
  const gap = { start: 8, end: 9, reason: "no_text" };
  const before = opened({ segments: [segment(" one", 0), segment(" two", 3)], gaps: [gap] });
  const after = opened({ segments: [segment(" one", 0), segment(" zwei", 3)], gaps: [] });
  const next = apply(before, become(before, after));
  assert.deepEqual([texts(next), next.gaps], [[" one", " zwei"], []]);
  assert.equal(next.segments[0], before.segments[0]); // unchanged segments keep their keys
  assert.deepEqual(become(next, after), []);
});
