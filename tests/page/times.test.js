import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, lastBegun, rounded, seconds } from "#page/transcript/times.js";

test("clock cuts and does not round", () => {
  assert.equal(clock(0, 3), "0:00.000");
  assert.equal(clock(61.25, 3), "1:01.250");
  assert.equal(clock(3723.9996, 3), "1:02:03.999");
  assert.equal(clock(59.9), "0:59");
});

test("seconds reads what clock writes, and commas", () => {
  for (const [text, value] of [
    ["1:02.5", 62.5],
    ["01:00:02,5", 3602.5],
    ["62.5", 62.5],
  ]) {
    assert.equal(seconds(text), value);
  }
  for (const text of ["x", "1:2:3:4", "", "-1"]) assert.ok(Number.isNaN(seconds(text)), text);
});

test("times have milliseconds", () => {
  assert.equal(rounded(1.23456), 1.235);
});

test("lastBegun finds the segment at a time", () => {
  const segments = [{ start: 1 }, { start: 2 }, { start: 2 }, { start: 5 }];
  for (const [time, index] of [
    [0.5, -1],
    [1, 0],
    [2, 2],
    [4.9, 2],
    [99, 3],
  ]) {
    assert.equal(lastBegun(segments, time), index);
  }
});
