import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { follow, parsed } from "#page/events.js";

const fetchOfNode = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = fetchOfNode;
});

/** A server that answers each request with the next stream. */
function serve(...streams) {
  const requests = [];
  globalThis.fetch = async (_path, { headers }) => {
    requests.push(headers);
    return new Response(streams[requests.length - 1] ?? "");
  };
  return requests;
}

test("an event has a type, an id and JSON over several lines", () => {
  assert.deepEqual(parsed('event: state\nid: 7\ndata: {"state":\ndata: "done"}'), {
    type: "state",
    id: "7",
    data: { state: "done" },
  });
  assert.equal(parsed(": still here"), null);
});

test("a lost stream resumes after the last event", async () => {
  const requests = serve(
    'event: job\nid: 1\ndata: {"id": "a"}\n\n',
    'event: job\nid: 2\ndata: {"id": "b"}\n\n',
  );
  const jobs = [];
  const job = ({ id }) => {
    jobs.push(id);
    return id === "b" ? "end" : undefined;
  };
  await follow("events", { events: { job } }, new AbortController().signal);
  assert.deepEqual(jobs, ["a", "b"]);
  assert.deepEqual(
    requests.map((headers) => headers["Last-Event-ID"]),
    [undefined, "1"],
  );
});

test("a stream that is over ends", async () => {
  const requests = serve("");
  await follow("events", { events: {}, isOver: () => true }, new AbortController().signal);
  assert.equal(requests.length, 1);
});

test("a refused stream is an error", async () => {
  globalThis.fetch = async () => new Response("{}", { status: 404 });
  await assert.rejects(follow("events", { events: {} }, new AbortController().signal), {
    status: 404,
  });
});
