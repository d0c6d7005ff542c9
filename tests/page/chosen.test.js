import assert from "node:assert/strict";
import { test } from "node:test";
import { t } from "#page/strings/index.js";
import { EMPTY, jobFields, possible, summary } from "#page/views/chosen.js";

const yes = { allowed: true, reason: null };
const no = { allowed: false, reason: "it cannot" };
const backend = (name, family, options) => ({
  name,
  family,
  summary: "",
  usable: true,
  default_model: `${name}-model`,
  options: {
    task: { values: ["transcribe", "translate"], refused: {} },
    language: { ...yes, required: false },
    word_timestamps: yes,
    initial_prompt: yes,
    hotwords: yes,
    language_per_chunk: yes,
    speakers: yes,
    ...options,
  },
});
const model = (name, family, languages) => ({
  name,
  family,
  languages,
  tasks: ["transcribe"],
  kept: true,
  megabytes: 1,
});
const info = {
  backend: "fast",
  model: "fast-model",
  backends: [
    backend("fast", "whisper", {}),
    backend("plain", "ctc", {
      task: { values: ["transcribe"], refused: {} },
      initial_prompt: no,
      hotwords: no,
      language_per_chunk: no,
      speakers: no,
    }),
  ],
  models: [
    model("fast-model", "whisper", ["en", "de"]),
    model("english", "whisper", ["en"]),
    model("plain-model", "ctc", []),
  ],
};
const everything = {
  ...EMPTY,
  task: "translate",
  speakers: "2",
  language_per_chunk: true,
  initial_prompt: " names ",
  hotwords: "terms",
};

test("a job has the options that were chosen", () => {
  assert.deepEqual(jobFields(info, everything), {
    task: "translate",
    word_timestamps: true,
    speakers: true,
    min_speakers: 2,
    max_speakers: 2,
    language_per_chunk: true,
    initial_prompt: "names",
    hotwords: "terms",
  });
});

test("a job has nothing that its backend cannot do", () => {
  assert.deepEqual(jobFields(info, { ...everything, backend: "plain" }), {
    backend: "plain",
    word_timestamps: true,
  });
});

test("remembered options that no longer exist are the usual ones again", () => {
  const remembered = { ...EMPTY, backend: "gone", model: "gone", speakers: "99", language: "fr" };
  assert.deepEqual(possible(info, remembered), EMPTY);
});

test("a model of one language sets it", () => {
  assert.equal(possible(info, { ...EMPTY, model: "english" }).language, "en");
});

test("a model of another family goes with its backend", () => {
  assert.equal(possible(info, { ...EMPTY, backend: "plain", model: "english" }).model, "");
});

test("the summary names the options", () => {
  const parts = ["German", t("options.task.translate"), "fast", "fast-model"];
  const more = [t("options.speakers.count", { count: 2 }), t("options.vocabulary")];
  const text = summary(info, { ...everything, language: "de" });
  assert.equal(text, [...parts, ...more].join(" · "));
});
