import assert from "node:assert/strict";
import { test } from "node:test";
import { cues, plain, srt, vtt, withTimes } from "#page/live/subtitles.js";

/** A caption whose words take half a second each. */
function caption(start, text, split = /(?= )/) {
  const words = text.split(split).map((word, index) => ({
    text: word,
    start: start + index / 2,
    end: start + index / 2 + 0.5,
  }));
  return { start, text: text.trim(), words };
}

const short = caption(1.25, " Good <b> morning.");
const long = caption(
  3700,
  " A caption of a speaker who never pauses is longer than two lines of forty-two letters, so it becomes several.",
);

test("text is plain or has times", () => {
  assert.equal(plain([short, long]), `${short.text}\n${long.text}`);
  assert.equal(withTimes([short, long]).split("\n")[1], `1:01:40  ${long.text}`);
});

test("subtitles have their times and escapes", () => {
  assert.equal(srt([short]), "1\n00:00:01,250 --> 00:00:02,750\nGood <b> morning.\n");
  assert.equal(vtt([short]), "WEBVTT\n\n00:00:01.250 --> 00:00:02.750\nGood &lt;b&gt; morning.\n");
  assert.equal(srt([]), "");
});

test("long captions become subtitles of two lines that lose no word", () => {
  const all = cues([long]);
  assert.ok(all.length > 1);
  assert.equal(all.flatMap(({ lines }) => lines).join(" "), long.text);
  for (const { lines } of all) {
    assert.ok(lines.length <= 2);
    for (const line of lines) assert.ok(line.length <= 42, line);
  }
  assert.ok(all.every(({ end }, index) => end <= (all[index + 1]?.start ?? end)));
});

test("short captions are shown for a second, but not over the next one", () => {
  const [first, second] = cues([caption(1, " No."), caption(1.75, " Yes.")]);
  assert.equal(first.end, 1.75);
  assert.equal(second.end, 2.75);
});

test("wide letters count twice", () => {
  const text =
    "今天天气很好我们一起去公园散步吧然后再去喝咖啡怎么样你觉得好不好呢朋友们大家一起来吧";
  const all = cues([caption(0, text, "")]);
  assert.equal(all.flatMap(({ lines }) => lines).join(""), text);
  for (const { lines } of all) for (const line of lines) assert.ok(line.length <= 21, line);
});
