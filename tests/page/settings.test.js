import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

/** Web storage backed by a Map. */
class Storage {
  values = new Map();
  getItem = (name) => this.values.get(name) ?? null;
  setItem = (name, value) => this.values.set(name, String(value));
  removeItem = (name) => this.values.delete(name);
}

let visits = 0;

/** A fresh instance of the module, as after loading the page. */
const loaded = async () => (await import(`#page/settings.js?visit=${++visits}`)).settings;

beforeEach(() => {
  globalThis.localStorage = new Storage();
  globalThis.sessionStorage = new Storage();
});

test("a setting outlives a reload", async () => {
  (await loaded()).set("layout", { max_cps: 17 });
  assert.deepEqual((await loaded()).get("layout", {}), { max_cps: 17 });
  assert.equal((await loaded()).get("theme", "system"), "system");
});

test("a key outlives the tab only on request", async () => {
  (await loaded()).setKey("secret", false);
  assert.equal((await loaded()).key, "secret");
  globalThis.sessionStorage = new Storage(); // another tab
  assert.equal((await loaded()).key, "");
  (await loaded()).setKey("secret", true);
  globalThis.sessionStorage = new Storage();
  assert.equal((await loaded()).key, "secret");
});

test("a browser that forbids storage keeps settings until a reload", async () => {
  const forbid = () => {
    throw new Error("forbidden");
  };
  const forbidden = { getItem: forbid, setItem: forbid, removeItem: forbid };
  Object.assign(globalThis, { localStorage: forbidden, sessionStorage: forbidden });
  const settings = await loaded();
  settings.set("theme", "dark");
  settings.setKey("secret", true);
  assert.deepEqual([settings.get("theme", null), settings.key], ["dark", "secret"]);
  assert.equal((await loaded()).get("theme", null), null);
});
