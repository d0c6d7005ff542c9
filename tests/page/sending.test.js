import assert from "node:assert/strict";
import { test } from "node:test";
import { settings } from "#page/settings.js";

globalThis.addEventListener = () => {}; // Node has none
const { unfinished } = await import("#page/sending.js");

const upload = { name: "a.wav", size: 9, modified: 1, options: {} };

test("an upload that begins while earlier uploads are fetched is remembered", async () => {
  settings.set("uploads", { gone: upload });
  globalThis.fetch = async () => {
    settings.set("uploads", { ...settings.get("uploads", {}), begun: upload });
    return Response.json({ uploads: [] });
  };
  assert.deepEqual(await unfinished(() => {}), []);
  assert.deepEqual(Object.keys(settings.get("uploads", {})), ["begun"]);
});
