// Decoding a part again, with another model or backend; the result takes the place of what is there.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { pause } from "../events.js";
import { complain, say } from "../messages.js";
import { languageName, t } from "../strings/index.js";
import { clock, seconds } from "../transcript/times.js";

/** Asks how and does it. `saved` is waited for first: the server decodes what it knows. */
export async function decodeAgain(job, span, { saved, changed, compare }, signal) {
  const info = await api.info();
  const fields = form(job, span, info);
  const answer = await ask({
    title: t("again.title"),
    content: [h("p", { class: "soft" }, t("again.text")), fields.element],
    buttons: [{ label: t("cancel"), value: "", skipChecks: true }, { label: t("again.go"), value: "go", kind: "main" }],
  });
  if (!answer) return;
  await saved();
  const range = await api.decodeAgain(job.id, fields.values());
  say(t("again.going", { start: clock(range.range[0]), end: clock(range.range[1]) }));
  await until(range, changed, compare, signal);
}

async function until(range, changed, compare, signal) {
  let now = range;
  while (!["done", "failed", "cancelled"].includes(now.state)) {
    await pause(700, signal);
    if (signal.aborted) return;
    now = await api.job(range.id).catch((error) => { if (error.status) throw error; return now; });
  }
  if (now.state === "failed") return complain(new Error(t("again.failed", { reason: now.error })));
  if (now.state !== "done") return;
  if (now.applied === null) await compare(now);
  else await changed(now);
}

function form(job, span, info) {
  const start = h("input", { id: "a-start", value: clock(span.start, 2), required: true, dir: "ltr", inputmode: "decimal" });
  const end = h("input", { id: "a-end", value: clock(span.end, 2), required: true, dir: "ltr", inputmode: "decimal" });
  const backend = h("select", { id: "a-backend" }, info.backends.map((one) => h("option", { value: one.name, disabled: !one.usable, selected: one.name === job.backend }, one.name)));
  const model = h("select", { id: "a-model" });
  const language = h("select", { id: "a-language" }, h("option", { value: "" }, t("options.language.auto")),
    info.languages.map(({ code, name }) => h("option", { value: code, selected: code === job.options.language }, languageName(code, name))));
  const words = h("input", { id: "a-prompt", dir: "auto" });
  const why = h("p", { class: "why" });
  const fit = () => {
    const chosen = info.backends.find((one) => one.name === backend.value);
    const models = info.models.filter((one) => one.family === chosen.family);
    model.replaceChildren(...models.map((one) => h("option", { value: one.name, selected: one.name === job.model }, one.kept ? one.name : `${one.name} · ${t("options.model.fetched")}`)));
    if (!models.some((one) => one.name === job.model)) model.prepend(h("option", { value: "", selected: true }, t("options.default", { name: chosen.default_model })));
    words.disabled = !chosen.options.initial_prompt.allowed;
    why.textContent = words.disabled ? chosen.options.initial_prompt.reason : "";
  };
  const valid = (input) => input.setCustomValidity(seconds(start.value) < seconds(end.value) ? "" : t("again.times"));
  for (const input of [start, end]) input.addEventListener("input", () => { valid(start); });
  backend.addEventListener("change", fit);
  fit();
  const field = (label, control, ...more) => h("div", { class: "field" }, h("label", { for: control.id }, label), control, ...more);
  return {
    element: h("div", { class: "pairs" }, field(t("times.start"), start), field(t("times.end"), end), field(t("options.backend"), backend), field(t("options.model"), model),
      field(t("options.language"), language), field(t("options.initial_prompt"), words, why)),
    values() {
      const can = info.backends.find((one) => one.name === backend.value).options;
      return {
        start: seconds(start.value), end: seconds(end.value), backend: backend.value, model: model.value || null, language: language.value || null,
        word_timestamps: can.word_timestamps.allowed, initial_prompt: (!words.disabled && words.value.trim()) || null,
      };
    },
  };
}
