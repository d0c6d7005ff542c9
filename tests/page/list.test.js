import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Choice,
  changesList,
  commonOptions,
  commonTags,
  editedTags,
  parsedTags,
  writtenTags,
} from "#page/list/choosing.js";
import { Pages, SIZE } from "#page/list/pages.js";

const QUERY = { q: "", tag: "", sort: "newest" };
const job = (id, more = {}) => ({ id: String(id), state: "done", tags: [], places: [], ...more });

/** Pages over `jobs`, with the requests that they made. */
function pagesOf(jobs) {
  const requests = [];
  const fetch = async (query, offset, limit) => {
    requests.push([query.q, offset]);
    const found = jobs.filter(({ id }) => id.includes(query.q));
    return { jobs: found.slice(offset, offset + limit), total: found.length };
  };
  const fail = (error) => {
    throw error;
  };
  return { pages: new Pages(QUERY, fetch, () => {}, fail), requests };
}

const loaded = (pages) => pages.items().filter(({ job }) => job).length;
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("only the pages in view are loaded, and once", async () => {
  const { pages, requests } = pagesOf(Array.from({ length: 10_000 }, (_, id) => job(id)));
  await pages.refresh([0]);
  assert.deepEqual([pages.items().length, loaded(pages)], [10_000, SIZE]);
  pages.need(5);
  pages.need(7_777);
  pages.need(7_778);
  await settled();
  assert.equal(loaded(pages), 2 * SIZE);
  assert.equal(pages.items()[7_777].job.id, "7777");
  assert.deepEqual(requests, [
    ["", 0],
    ["", 7_700],
  ]);
  assert.equal(new Set(pages.items().map(({ key }) => key)).size, 10_000);
});

test("a recording keeps its key when another is added before it", async () => {
  const jobs = [job("a"), job("b")];
  const { pages } = pagesOf(jobs);
  await pages.refresh([0]);
  const [a] = pages.items();
  jobs.unshift(job("new"));
  await pages.refresh([0]);
  const items = pages.items();
  assert.deepEqual([items[1].job.id, items[1].key], ["a", a.key]);
  assert.equal(pages.update(job("b", { state: "failed" })), true);
  assert.equal(pages.items()[2].job.state, "failed");
  assert.equal(pages.update(job("unknown")), false);
  jobs[1].places = [{ start: null }, { start: 2 }];
  pages.update(job("a", { filename: "renamed" }));
  assert.deepEqual(pages.items()[1].job.places, [{ start: 2 }]);
});

test("a search replaces the list, and an answer that is too late does not", async () => {
  const { pages, requests } = pagesOf(Array.from({ length: 500 }, (_, id) => job(id)));
  await pages.refresh([0]);
  pages.need(400);
  const asked = pages.ask({ q: "49" });
  await asked;
  await settled();
  assert.equal(pages.total, 15);
  assert.ok(pages.items().every(({ job }) => job.id.includes("49")));
  assert.deepEqual(requests.at(-1), ["49", 0]);
});

test("Shift chooses and drops a range", () => {
  const items = ["a", "b", "c", "d"].map((id, index) => ({ key: index + 1, index, job: job(id) }));
  items[2].job = null; // not loaded
  const choice = new Choice(() => {});
  choice.put(items, 3, { isOn: true, isRange: true });
  choice.put(items, 0, { isOn: true, isRange: true });
  assert.deepEqual(
    choice.jobs.map(({ id }) => id),
    ["d", "a", "b"],
  );
  choice.put(items, 1, { isOn: false, isRange: true });
  assert.deepEqual(
    choice.jobs.map(({ id }) => id),
    ["d"],
  );
  choice.update(job("d", { state: "running" }));
  assert.equal(choice.jobs[0].state, "running");
  choice.drop("d");
  assert.equal(choice.size, 0);
});

test("Shift chooses from the last recording wherever it has moved to", () => {
  const items = ["a", "b", "c", "d"].map((id, index) => ({ key: index + 1, index, job: job(id) }));
  const choice = new Choice(() => {});
  choice.put(items, 0, { isOn: true, isRange: false });
  const [a, b, c, d] = items;
  choice.put([d, c, a, b], 3, { isOn: true, isRange: true });
  const chosen = choice.jobs.map(({ id }) => id);
  assert.deepEqual(chosen, ["a", "b"]);
  choice.set([]);
  choice.put(items, 2, { isOn: true, isRange: true });
  assert.equal(choice.size, 1);
});

test("progress leaves the list as it is, a new state, name or tag does not", () => {
  const before = job("a", { filename: "a.wav", done: 1 });
  assert.equal(changesList(before, { ...before, done: 2 }), false);
  for (const change of [{ state: "failed" }, { filename: "b.wav" }, { tags: ["x"] }])
    assert.equal(changesList(before, { ...before, ...change }), true);
});

test("tags with commas and quotation marks are read as they are written", () => {
  for (const tags of [["Smith, John", "team"], ['"x"', 'say "a"', "b، c"], ["a"], []])
    assert.deepEqual(parsedTags(writtenTags(tags)), tags);
  assert.equal(writtenTags(["a", "b, c"]), 'a, "b, c"');
  assert.deepEqual(parsedTags('"a, b'), ['"a', "b"]);
  assert.deepEqual(parsedTags('"a, b", "", "a, b"'), ["a, b"]);
  assert.deepEqual(parsedTags("“a, b”, „c, d“, “e”"), ["a, b", "c, d", "“e”"]);
});

test("tags in common are edited, the others stay", () => {
  const common = commonTags([{ tags: ["a", "b", "c"] }, { tags: ["b", "c"] }]);
  assert.deepEqual(common, ["b", "c"]);
  assert.deepEqual(parsedTags(" c, new,, c، x"), ["c", "new", "x"]);
  assert.deepEqual(editedTags(["a", "b", "c"], { before: common, after: ["c", "new"] }), [
    "a",
    "c",
    "new",
  ]);
  assert.deepEqual(
    commonOptions([
      { options: { language: "de", numerals: "digits" } },
      { options: { language: "en", numerals: "digits" } },
    ]),
    { numerals: "digits" },
  );
});
