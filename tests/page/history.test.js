import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, shown } from "#page/transcript/document.js";
import * as edits from "#page/transcript/edits.js";
import { matches, pattern, replaced } from "#page/transcript/find.js";
import * as steps from "#page/transcript/history.js";
import { renameSpeaker, setSpeaker } from "#page/transcript/speaking.js";
import { documentOf, segment, texts } from "./documents.js";

/** Reproducible random integers below a bound. */
function randomNumbers(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state % below;
  };
}

/** A random edit of a document. */
function randomEdit(document, random) {
  const at = random(document.segments.length);
  const { start, end } = document.segments[at];
  const text = shown(document.segments[at]);
  const letter = () => random(text.length + 1);
  const choices = [
    () => edits.split(document, at, letter()),
    () => edits.merge(document, at),
    () => edits.moveBack(document, at, letter()),
    () => edits.moveOn(document, at, letter()),
    () => edits.setText(document, at, `${text} more`.slice(random(4))),
    () => edits.setTimes(document, at, start, end + 0.1),
    () => setSpeaker(document, at, ["Ada", "Grace", null][random(3)]),
    () => renameSpeaker(document, "Ada", "Grace"),
    () => edits.insert(document, random(300), 301, "new words"),
    () => (document.segments.length > 10 ? edits.remove(document, at) : []),
    () => replaced(document, matches(document, pattern("of")), "off"),
  ];
  return choices[random(choices.length)]();
}

function assertSound({ segments }) {
  for (const { text, words } of segments) {
    if (words.length) assert.equal(words.map(({ word }) => word).join(""), text);
    for (const { start, end } of words) assert.ok(start <= end, `${text}: ${start} to ${end}`);
  }
  assert.equal(new Set(segments.map(({ key }) => key)).size, segments.length);
}

test("undo and redo walk through thousands of random edits", () => {
  const random = randomNumbers(7);
  const first = documentOf(
    ...Array.from({ length: 30 }, (_, index) =>
      segment(` Line ${index} of the text as it was`, index * 10, index % 2 ? "Ada" : null),
    ),
  );
  let [document, history] = [first, steps.EMPTY];
  for (let i = 0; i < 3000; i++) {
    const edit = randomEdit(document, random);
    if (!edit.length) continue;
    history = steps.record(history, edit);
    document = apply(document, edit);
    assertSound(document);
  }
  const last = document;
  const walk = (step) => {
    for (let taken = step(history); taken; taken = step(history)) {
      history = taken.history;
      document = apply(document, taken.edit);
    }
  };
  walk(steps.undo);
  assert.deepEqual(document, first);
  walk(steps.redo);
  assert.deepEqual(document, last);
});

test("undo takes a burst of typing back in one step", () => {
  let document = documentOf(segment(" a", 0));
  let history = steps.EMPTY;
  for (const text of ["a b", "a bc", "a bcd"]) {
    const edit = edits.setText(document, 0, text);
    history = steps.record(history, edit, "burst");
    document = apply(document, edit);
  }
  const step = steps.undo(history);
  assert.deepEqual(texts(apply(document, step.edit)), [" a"]);
  assert.equal(steps.undo(step.history), null);
});
