import assert from "node:assert/strict";
import { test } from "node:test";
import { Heights } from "#page/editor/heights.js";

const items = Array.from({ length: 5 }, (_, key) => ({ key }));

/** Five items with an estimated height of 10. */
function heights() {
  const result = new Heights((_item, width) => width / 10, 100);
  result.setItems(items);
  return result;
}

const tops = (list) => items.map((_, index) => list.top(index));

test("heights are estimated until they are measured", () => {
  const list = heights();
  assert.equal(list.total, 50);
  assert.equal(list.measure([[1, 10]]), false);
  assert.equal(list.measure([[1, 30]]), true);
  assert.deepEqual(tops(list), [0, 10, 40, 50, 60]);
});

test("measured heights move with their items", () => {
  const list = heights();
  list.measure([[1, 30]]);
  list.setItems(items.slice(1));
  assert.deepEqual([list.top(1), list.total], [30, 60]);
});

test("a new width discards measured heights", () => {
  const list = heights();
  list.measure([
    [0, 30],
    [1, 30],
  ]);
  list.setWidth(200, [[1, 15]]);
  assert.deepEqual(tops(list), [0, 20, 35, 55, 75]);
});

test("estimates of a new width follow several measured heights", () => {
  const list = new Heights((_item, width) => width / 10, 100);
  list.setItems(Array.from({ length: 10 }, (_, key) => ({ key })));
  list.setWidth(
    200,
    [20, 30, 40, 50, 60].map((height, index) => [index, height]),
  );
  assert.deepEqual([list.top(5), list.top(6), list.total], [200, 240, 400]);
  list.setWidth(100, []);
  assert.equal(list.total, 100);
});

test("at finds the item at a distance from the top", () => {
  const list = heights();
  assert.deepEqual(
    [-5, 0, 9, 10, 49, 500].map((offset) => list.at(offset)),
    [0, 0, 0, 1, 4, 4],
  );
});
