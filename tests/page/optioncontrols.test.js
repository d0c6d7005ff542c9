import assert from "node:assert/strict";
import { test } from "node:test";
import { AgainForm } from "#page/editor/again.js";
import { settings } from "#page/settings.js";
import en from "#page/strings/en.js";
import { OptionsForm } from "#page/views/options.js";
import { pretendDocument } from "./elements.js";
import { infoWith, no, option, yes } from "./server.js";

pretendDocument();

const about = { type: "int", help: "Hypotheses to compare.", minimum: 1, maximum: 100 };
const width = option("width", { ...about, again: true });
const label = (element, name) => element.all.find((label) => label.for?.endsWith(`-${name}`));
const names = (element) =>
  element.all.filter(({ tag, name }) => name && tag !== "option").map(({ name }) => name);
const job = { backend: "fast", model: "fast-model", options: { width: 3, language: "de" } };
const span = { start: 1, end: 2 };

test("the form has language, quality and speakers first, then the server's options in its order", () => {
  const { element } = new OptionsForm(infoWith([width, yes]));
  const engine = ["backend", "model"];
  const rest = ["task", "initial_prompt", "hotwords", "language_per_chunk", "width"];
  const main = ["language", "quality", "speakers"];
  assert.deepEqual(names(element), [...main, ...engine, ...rest]);
  assert.equal(label(element, "hotwords").textContent, en["options.hotwords"]);
});

test("a new option gets a control with its limits and the server's help", () => {
  const form = new OptionsForm(infoWith([width, yes]));
  const { tag, type, min, max, value } = form.element.control("width");
  assert.deepEqual([tag, type, min, max, value], ["input", "number", "1", "100", ""]);
  assert.equal(label(form.element, "width").textContent, "Hypotheses to compare.");
});

test("the control of a new option suits its values", () => {
  const method = option("method", { choices: ["a", "b"], default: "a" });
  const loud = option("loud", { type: "bool", default: true });
  const name = option("name", { max_length: 50 });
  const taken = { values: ["a"], refused: { b: "no b here" } };
  const { element } = new OptionsForm(infoWith([method, taken], [loud, yes], [name, yes]));
  const choices = element.control("method").children;
  assert.deepEqual(
    choices.map(({ value, disabled = false }) => [value, disabled]),
    [
      ["a", false],
      ["b", true],
    ],
  );
  assert.match(element.textContent, /no b here/);
  assert.deepEqual(
    [element.control("loud").type, element.control("loud").checked],
    ["checkbox", true],
  );
  assert.equal(element.control("name").maxlength, "50");
});

test("a new option that the backend refuses is disabled and has the reason", () => {
  const { element } = new OptionsForm(infoWith([width, no]));
  assert.equal(element.control("width").disabled, true);
  assert.match(element.textContent, /it cannot/);
});

test("a chosen new option is stored and sent with the job", () => {
  const form = new OptionsForm(infoWith([width, yes]));
  form.element.control("width").value = "7";
  form.element.all.find(({ tag }) => tag === "form").listeners.input();
  assert.equal(form.values().width, 7);
  assert.equal(settings.get("options", {}).width, "7");
  assert.equal(new OptionsForm(infoWith([width, yes])).values().width, 7);
  settings.set("options", null);
});

test("a range is decoded again with the options that the server offers for it", () => {
  const form = new AgainForm(job, span, infoWith([width, yes]));
  assert.deepEqual(names(form.element), ["language", "initial_prompt", "width"]);
  const { start, end, ...fields } = form.values();
  assert.deepEqual([start, end], [1, 2]);
  const expected = { language: "de", initial_prompt: null, width: 3 };
  assert.deepEqual(fields, {
    backend: "fast",
    model: "fast-model",
    word_timestamps: true,
    ...expected,
  });
});

test("a range drops options that another backend does not support", () => {
  const spoken = { ...job, options: { initial_prompt: "Names" } };
  const form = new AgainForm(spoken, span, infoWith());
  assert.equal(form.values().initial_prompt, "Names");
  const backend = form.element.all.find(({ id }) => id === "a-backend");
  backend.value = "plain";
  backend.listeners.change();
  assert.equal(form.values().initial_prompt, null);
  assert.match(form.element.textContent, /it cannot/);
  backend.value = "fast";
  backend.listeners.change();
  assert.equal(form.values().initial_prompt, "Names");
});
