import assert from "node:assert/strict";
import { test } from "node:test";
import { t } from "#page/strings/index.js";
import {
  allowance,
  backendOf,
  changed,
  jobFields,
  modelLabel,
  modelsOf,
  possible,
  restored,
  summary,
  usual,
} from "#page/views/chosen.js";
import { infoWith, option, yes } from "./server.js";

const info = infoWith();
const EMPTY = {
  quality: "balanced",
  language: "",
  task: "transcribe",
  backend: "",
  model: "",
  speakers: "",
  language_per_chunk: false,
  initial_prompt: "",
  hotwords: "",
  vocabulary: "",
};
const everything = {
  ...EMPTY,
  task: "translate",
  speakers: "2",
  language_per_chunk: true,
  initial_prompt: " names ",
  hotwords: "terms",
  vocabulary: "Council,Names",
};

test("the defaults are chosen at first", () => {
  assert.deepEqual(usual(info), EMPTY);
  assert.deepEqual(jobFields(info, EMPTY), { word_timestamps: true });
});

test("a job has the chosen options", () => {
  assert.deepEqual(jobFields(info, everything), {
    task: "translate",
    word_timestamps: true,
    speakers: true,
    min_speakers: 2,
    max_speakers: 2,
    language_per_chunk: true,
    initial_prompt: "names",
    hotwords: "terms",
    vocabulary: "Council,Names",
  });
});

test("a job omits options that its backend does not support", () => {
  assert.deepEqual(jobFields(info, { ...everything, quality: "", backend: "plain" }), {
    backend: "plain",
    word_timestamps: true,
  });
});

test("a job has typed values that differ from the defaults", () => {
  const padding = option("vad_pad", { type: "float", default: 0.4 });
  const skip = option("vad", { type: "bool", default: true });
  const more = infoWith([padding, yes], [skip, yes]);
  assert.deepEqual(jobFields(more, usual(more)), { word_timestamps: true });
  const fields = jobFields(more, { ...usual(more), vad_pad: "0.5", vad: false });
  assert.deepEqual(fields, { word_timestamps: true, vad_pad: 0.5, vad: false });
});

test("stored options that no longer exist fall back to the defaults", () => {
  const remembered = { ...EMPTY, backend: "gone", model: "gone", task: "sing" };
  Object.assign(remembered, { speakers: "99", language: "fr" });
  assert.deepEqual(possible(info, remembered), EMPTY);
});

test("a model of one language sets it", () => {
  assert.equal(possible(info, { ...EMPTY, quality: "", model: "english" }).language, "en");
});

test("another backend drops a model of another family", () => {
  const chosen = { ...EMPTY, quality: "", backend: "plain", model: "english" };
  assert.equal(possible(info, chosen).model, "");
});

/** A backend of two families, the second of which has no word times and needs the language. */
function withFamilies() {
  const [fast] = info.backends;
  const canary = {
    ...fast.options,
    word_timestamps: { allowed: false, reason: "canary has none" },
    language: { allowed: true, reason: null, required: true },
  };
  const several = { ...fast, name: "several", family: "parakeet", default_model: "p" };
  several.families = { parakeet: fast.options, canary };
  const model = { ...info.models[0], languages: ["de", "en"] };
  const models = [
    { ...model, name: "c", family: "canary", kept: true },
    { ...model, name: "q", family: "parakeet", kept: false, commercial: false, licence: "NC" },
    { ...model, name: "p", family: "parakeet", kept: true },
  ];
  const backends = [...info.backends, several];
  return { ...info, backends, models: [...info.models, ...models] };
}

test("a backend has the options of the chosen model's family", () => {
  const about = withFamilies();
  const chosen = { ...EMPTY, quality: "", backend: "several" };
  assert.equal(allowance(backendOf(about, chosen), "word_timestamps").allowed, true);
  const canary = backendOf(about, { ...chosen, model: "c" });
  assert.equal(allowance(canary, "word_timestamps").reason, "canary has none");
  assert.equal(canary.options.language.required, true);
  assert.equal("word_timestamps" in jobFields(about, { ...chosen, model: "c" }), false);
  assert.equal(possible(about, { ...chosen, model: "c" }).model, "c");
});

test("models are grouped by family, downloaded ones first", () => {
  const about = withFamilies();
  const models = modelsOf(about, backendOf(about, { ...EMPTY, backend: "several" }));
  assert.deepEqual(
    models.map(({ name }) => name),
    ["p", "q", "c"],
  );
});

test("a model's label names a licence that forbids commercial use", () => {
  const [, model] = withFamilies().models.filter(({ name }) => "cqp".includes(name));
  assert.ok(modelLabel(model).includes(t("options.model.noncommercial", { licence: "NC" })));
});

test("the summary names the options beside language, quality and speakers", () => {
  const chosen = { ...everything, language: "de" };
  const [translated, vocabulary] = [t("options.task.translate"), t("options.vocabulary")];
  assert.equal(summary(info, chosen), [translated, vocabulary].join(" · "));
  const own = summary(info, { ...chosen, quality: "" });
  assert.equal(own, [translated, "fast", "fast-model", vocabulary].join(" · "));
});

test("a backend or model of the user's own replaces the quality, and its removal restores it", () => {
  const own = changed(info, EMPTY, { model: "english" });
  assert.deepEqual([own.quality, own.model, own.language], ["", "english", "en"]);
  assert.equal(changed(info, own, { model: "" }).quality, "balanced");
  assert.equal(changed(info, own, { quality: "balanced" }).model, "");
});

test("a choice stored before there were qualities keeps its model", () => {
  const { quality, model } = restored(info, { model: "english", backend: "" });
  assert.deepEqual([quality, model], ["", "english"]);
  assert.equal(restored(info, {}).quality, "balanced");
});
