// Live captions: words while somebody talks into this device.

import * as api from "../api.js";
import { copy } from "../clipboard.js";
import { h, icon, put } from "../dom.js";
import { captions } from "../live/captions.js";
import { connection } from "../live/connection.js";
import { microphone, refused } from "../live/microphone.js";
import { complain, say } from "../messages.js";
import { settings } from "../settings.js";
import { number, t } from "../strings/index.js";
import { languageChoices } from "./languages.js";

export async function show(main, signal) {
  const info = await api.info();
  if (signal.aborted) return;
  document.title = `${t("live.title")} · UniSpeech`;
  const form = choices(info);
  const foot = controls({
    talk: () => (talk ? finish() : start()),
    big,
    copy: () => copied().catch(complain),
    download,
    clear: () => said.clear(),
  });
  const said = captions(t("live.captions"), t("live.empty"), () => offer());
  let talk = null; // the connection, while somebody talks
  let starting = false;
  let silent = () => {}; // ends the microphone
  const offer = () => foot.text(Boolean(said.text()), Boolean(talk));

  async function start() {
    if (starting) return;
    foot.trouble("");
    starting = true;
    foot.state(t("live.state.microphone"));
    let rate;
    try {
      ({ rate, end: silent } = await microphone((samples, loudness) => {
        foot.level(loudness);
        talk?.put(samples);
      }, unplugged));
    } catch (error) {
      foot.state(t("live.state.idle"));
      return foot.trouble(t(refused(error)));
    } finally {
      starting = false;
    }
    if (signal.aborted) return silent();
    form.lock(true);
    talk = connection(
      { ...form.values(), rate },
      { event: heard, state: (name) => foot.state(t(`live.state.${name}`)), ended },
    );
    foot.talking(true);
    offer();
  }

  function heard(event) {
    said.hear(event);
    foot.lag(event.lag);
  }

  function finish() {
    silent();
    foot.level(0);
    talk.finish();
  }

  function unplugged() {
    foot.trouble(t("live.trouble.microphone"));
    if (talk) finish();
  }

  async function ended(trouble) {
    silent();
    talk = null;
    said.end();
    offer();
    form.lock(false);
    foot.talking(false);
    foot.level(0);
    foot.lag(0);
    foot.state(t(said.text() ? "live.state.stopped" : "live.state.idle"));
    if (trouble) foot.trouble(await reason(trouble));
  }

  function big() {
    const yes = document.body.classList.toggle("big");
    foot.big(yes);
    said.down();
  }

  async function copied() {
    await copy(said.text());
    say(t("export.copied"));
  }

  function download() {
    const address = URL.createObjectURL(new Blob([`${said.text()}\n`], { type: "text/plain" }));
    h("a", { href: address, download: `${t("live.file")}.txt` }).click();
    URL.revokeObjectURL(address);
  }

  main.classList.add("live-view");
  main.append(
    h("div", { class: "live-head" }, h("h1", {}, t("live.title")), form.element),
    said.element,
    foot.element,
  );
  offer();
  said.down();
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Escape" && document.body.classList.contains("big")) big();
    },
    { signal },
  );
  addEventListener(
    "beforeunload",
    (event) => {
      if (talk) event.preventDefault();
    },
    { signal },
  );
  signal.addEventListener(
    "abort",
    () => {
      silent();
      talk?.stop();
      said.end();
    },
    { once: true },
  );
}

// A browser does not tell a script why a WebSocket was refused; another request is told.
async function reason(trouble) {
  if (trouble === "lost") return t("live.trouble.lost");
  if (trouble !== "refused") return trouble;
  try {
    api.forgetInfo();
    await api.info();
    return t("live.trouble.refused");
  } catch (error) {
    return error.message;
  }
}

function choices(info) {
  const now = { task: "transcribe", language: "", ...settings.get("live", {}) };
  const known = info.models.find((one) => one.name === info.model);
  const can = info.backends.find((one) => one.name === info.backend)?.options.task.values ?? [];
  const tasks = ["transcribe", "translate"].filter(
    (name) => can.includes(name) && (!known || known.tasks.includes(name)),
  );
  const option = (value, label, chosen) =>
    h("option", { value, selected: value === chosen }, label);
  const language = h(
    "select",
    { "aria-label": t("options.language") },
    languageChoices(info, known).map((one) => option(one.value, one.label, now.language)),
  );
  const task = h(
    "select",
    { "aria-label": t("options.task"), hidden: tasks.length < 2 },
    tasks.map((name) => option(name, t(`options.task.${name}`), now.task)),
  );
  const values = () => ({ task: task.value, language: language.value });
  return {
    element: h(
      "div",
      { class: "row", on: { change: () => settings.set("live", values()) } },
      language,
      task,
    ),
    values,
    lock(yes) {
      for (const one of [language, task]) one.disabled = yes;
    },
  };
}

function controls(doing) {
  const level = h("meter", {
    min: "0",
    max: "1",
    low: "0.02",
    value: "0",
    "aria-label": t("recorder.level"),
  });
  const state = h("span", { role: "status" }, t("live.state.idle"));
  const trouble = h("p", { class: "why", role: "alert" });
  const lag = h("span", { class: "soft number" });
  const button = (name, drawing, run) =>
    h(
      "button",
      { type: "button", on: { click: run } },
      drawing ? icon(drawing) : null,
      h("span", {}, t(name)),
    );
  const talk = h("button", { type: "button", class: "main talk", on: { click: doing.talk } });
  const big = button("live.big", "big", doing.big);
  const copy = button("export.copy", "copy", doing.copy);
  const download = button("live.download", "download", doing.download);
  const clear = button("live.clear", "close", doing.clear);
  put(big, "aria-pressed", "false");
  const view = {
    element: h(
      "section",
      { class: "live-foot", "aria-label": t("live.controls") },
      trouble,
      h(
        "div",
        { class: "row" },
        talk,
        h("p", { class: "row heard" }, level, state, lag),
        h("div", { class: "row end" }, clear, big, copy, download),
      ),
    ),
    talking(yes) {
      talk.replaceChildren(icon(yes ? "stop" : "mic"), t(yes ? "live.stop" : "live.start"));
      talk.classList.toggle("going", yes);
    },
    state(text) {
      state.textContent = text;
    },
    trouble(text) {
      trouble.textContent = text;
    },
    level(value) {
      level.value = value;
    },
    lag(seconds) {
      lag.textContent =
        seconds > 0.5
          ? t("live.lag", { seconds: number(seconds, { maximumFractionDigits: 1 }) })
          : "";
    },
    big(yes) {
      put(big, "aria-pressed", String(yes));
    },
    text(there, talking) {
      copy.disabled = download.disabled = !there;
      clear.hidden = !there || talking;
    },
  };
  view.talking(false);
  return view;
}
