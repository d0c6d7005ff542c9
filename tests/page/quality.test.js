import assert from "node:assert/strict";
import { test } from "node:test";
import { changed, possible, usual } from "#page/views/chosen.js";
import { languagesOf, qualities } from "#page/views/quality.js";
import { infoWith } from "./server.js";

/** A server with models of [rank, megabytes, languages]; the one named first is its own. */
function serverWith(models) {
  const info = infoWith();
  const [template] = info.models;
  const entries = Object.entries(models).map(([name, [rank, megabytes, languages, more]]) => ({
    ...template,
    name,
    rank,
    megabytes,
    languages,
    ...more,
  }));
  return { ...info, model: entries[0].name, models: entries };
}

const MANY = ["de", "en"];
const info = serverWith({
  base: [5, 145, MANY],
  tiny: [8, 75, MANY],
  large: [1, 3000, MANY],
  huge: [0, 9000, MANY, { kept: false }],
});

test("qualities are the smallest, the server's own, and the most accurate downloaded model", () => {
  assert.deepEqual(qualities(info, "de"), {
    fast: { backend: "", model: "tiny" },
    balanced: { backend: "", model: "" },
    best: { backend: "", model: "large" },
  });
});

test("a server with one model has one quality", () => {
  assert.deepEqual(Object.keys(qualities(serverWith({ base: [5, 145, MANY] }), "")), ["balanced"]);
});

test("a model outside the catalog is the only quality", () => {
  assert.deepEqual(qualities({ ...info, model: "local" }, "de"), {
    balanced: { backend: "", model: "" },
  });
});

test("models that no installed backend runs are left out", () => {
  const backends = info.backends.map((backend) => ({
    ...backend,
    usable: backend.name === "fast",
  }));
  const models = info.models.map((model) =>
    model.name === "large" ? { ...model, backends: ["plain"] } : model,
  );
  assert.equal(qualities({ ...info, backends, models }, "de").best, undefined);
  assert.deepEqual(qualities({ ...info, models }, "de").best, { backend: "plain", model: "large" });
});

test("a language that the server's own model does not know takes another", () => {
  const english = serverWith({ "tiny.en": [7, 75, ["en"]], base: [5, 145, MANY] });
  assert.deepEqual(languagesOf(english).toSorted(), MANY);
  const first = usual(english);
  assert.deepEqual([first.language, possible(english, first).model], ["en", ""]);
  assert.equal(changed(english, first, { language: "de" }).model, "base");
  assert.equal(changed(english, first, { language: "" }).model, "base");
});

test("a model made for some languages is the best for these alone", () => {
  const mixed = serverWith({
    base: [5, 145, MANY],
    asian: [0, 239, ["zh", "en"], { made_for: ["zh"] }],
  });
  assert.equal(qualities(mixed, "zh").balanced.model, "asian");
  for (const language of ["", "en"]) assert.equal(qualities(mixed, language).best, undefined);
});

test("a quality that the language does not have becomes balanced", () => {
  const english = serverWith({ base: [5, 145, MANY], "small.en": [3, 480, ["en"]] });
  const best = changed(english, { ...usual(english), language: "en" }, { quality: "best" });
  assert.deepEqual([best.quality, best.model], ["best", "small.en"]);
  const { quality, model } = changed(english, best, { language: "de" });
  assert.deepEqual([quality, model], ["balanced", ""]);
});
