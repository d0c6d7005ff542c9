// /api/info of a small server.

export const yes = { allowed: true, reason: null };
export const no = { allowed: false, reason: "it cannot" };

/** An option of the form for new recordings. */
export const option = (name, about) => ({
  name,
  type: "text",
  help: `Help for ${name}.`,
  unit: null,
  default: null,
  choices: [],
  minimum: null,
  maximum: null,
  max_length: null,
  page: true,
  again: false,
  ...about,
});

const TASKS = ["transcribe", "translate"];
const OPTIONS = [
  option("language", { again: true, max_length: 4000 }),
  option("task", { default: "transcribe", choices: TASKS }),
  option("beam_size", { type: "int", page: false }),
  option("initial_prompt", { again: true, max_length: 4000 }),
  option("hotwords", { max_length: 4000 }),
  option("speakers", { type: "bool", default: false }),
  option("min_speakers", { type: "int", minimum: 1 }),
  option("max_speakers", { type: "int", minimum: 1 }),
  option("language_per_chunk", { type: "bool", default: false }),
];

const backend = (name, family, options) => ({
  name,
  family,
  summary: "",
  usable: true,
  default_model: `${name}-model`,
  options: {
    ...Object.fromEntries(OPTIONS.map((option) => [option.name, yes])),
    task: { values: TASKS, refused: {} },
    language: { ...yes, required: false },
    word_timestamps: yes,
    ...options,
  },
});

const model = (name, family, languages) => ({
  name,
  family,
  backends: family === "ctc" ? ["plain"] : ["fast"],
  made_for: [],
  languages,
  tasks: ["transcribe"],
  kept: true,
  rank: 0,
  megabytes: 1,
  licence: "MIT",
  commercial: true,
  family_title: family,
});

/** `info` with more options and the verdicts of both backends on them. */
export function infoWith(...more) {
  const verdicts = Object.fromEntries(more.map(([about, verdict]) => [about.name, verdict]));
  return {
    backend: "fast",
    model: "fast-model",
    options: [...OPTIONS, ...more.map(([about]) => about)],
    backends: [
      backend("fast", "whisper", verdicts),
      backend("plain", "ctc", {
        ...verdicts,
        task: { values: ["transcribe"], refused: { translate: "it cannot translate" } },
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
    languages: [
      { code: "en", name: "english" },
      { code: "de", name: "german" },
    ],
  };
}
