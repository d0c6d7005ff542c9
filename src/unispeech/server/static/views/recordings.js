// The first view: give it recordings, and see what has become of them.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { h, icon } from "../dom.js";
import { complain, say } from "../messages.js";
import * as sending from "../sending.js";
import { bytes, t } from "../strings/index.js";
import { jobList } from "./joblist.js";
import { optionsForm } from "./options.js";
import { sendingList } from "./sendinglist.js";

const MEDIA = "audio/*,video/*,.opus,.amr,.mkv,.caf,.wma,.m4a,.flac,.oga,.ogg,.mka,.webm";
const OTHER = /^(text|image|font)\/|^application\/(pdf|zip|msword|rtf|json|vnd\.openxmlformats)/;

export async function show(main, signal) {
  document.title = "UniSpeech";
  main.classList.add("recordings");
  const info = await api.info();
  const options = optionsForm(info);
  const list = jobList(signal);
  const take = (files) => {
    const fit = files.filter((file) => usable(file, info.limits.max_upload));
    if (fit.length) sending.send(fit, options.values(), (job) => list.add(job));
  };
  main.append(
    h("h1", { class: "unseen" }, t("recordings.title")),
    info.disclaimer ? h("p", { class: "note" }, info.disclaimer) : "",
    intake(take, options, list, info, signal),
    options.element,
    sendingList(take, list, signal),
    list.element,
    h(
      "p",
      { class: "soft small foot" },
      info.limits.retention_days
        ? t("recordings.retention", { count: info.limits.retention_days })
        : "",
    ),
  );
}

// What the server would refuse anyway is said before it is sent.
function usable(file, limit) {
  const wrong = !file.size
    ? "file.empty"
    : OTHER.test(file.type)
      ? "file.kind"
      : file.size > limit
        ? "file.large"
        : null;
  if (wrong)
    complain(
      new api.Trouble(t(wrong, { name: file.name, size: bytes(file.size), limit: bytes(limit) })),
    );
  return !wrong;
}

function intake(take, options, list, info, signal) {
  const input = h("input", {
    type: "file",
    multiple: true,
    accept: MEDIA,
    hidden: true,
    on: {
      change: () => {
        take([...input.files]);
        input.value = "";
      },
    },
  });
  const section = h(
    "section",
    { class: "intake", "aria-label": t("intake.label") },
    h(
      "p",
      { class: "headline" },
      t(matchMedia("(pointer: coarse)").matches ? "intake.add" : "intake.drop"),
    ),
    h("p", { class: "soft" }, t("intake.kinds")),
    input,
    h(
      "div",
      { class: "row" },
      h(
        "button",
        { type: "button", class: "main", on: { click: () => input.click() } },
        icon("file"),
        t("intake.choose"),
      ),
      info.limits.fetch_urls
        ? h(
            "button",
            { type: "button", on: { click: () => link(options, list).catch(complain) } },
            icon("link"),
            t("intake.link"),
          )
        : null,
      h(
        "button",
        { type: "button", on: { click: async () => (await import("./recorder.js")).record(take) } },
        icon("mic"),
        t("intake.record"),
      ),
    ),
  );
  dropping(section, take, signal);
  addEventListener(
    "paste",
    (event) => {
      if (event.clipboardData?.files.length) take([...event.clipboardData.files]);
    },
    { signal },
  );
  return section;
}

// Files may be dropped anywhere on the page.
function dropping(section, take, signal) {
  const holds = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener(
    "dragover",
    (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      section.classList.add("over");
    },
    { signal },
  );
  addEventListener(
    "dragleave",
    (event) => {
      if (!event.relatedTarget) section.classList.remove("over");
    },
    { signal },
  );
  addEventListener(
    "drop",
    (event) => {
      section.classList.remove("over");
      if (!holds(event)) return;
      event.preventDefault();
      take([...event.dataTransfer.files]);
    },
    { signal },
  );
}

// What the server could not fetch is asked for again, with the reason.
async function link(options, list, { address = "", wrong = null } = {}) {
  const url = h("input", {
    id: "url",
    type: "url",
    value: address,
    required: true,
    placeholder: "https://",
    dir: "ltr",
    pattern: "https?://.+",
    "aria-describedby": "url-hint",
  });
  const answer = await ask({
    title: t("link.title"),
    content: h(
      "div",
      { class: "field" },
      h("label", { for: "url" }, t("link.label")),
      url,
      h("p", { class: "hint", id: "url-hint" }, t("link.hint")),
      wrong && h("p", { class: "why", role: "alert" }, wrong),
    ),
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("link.fetch"), value: "fetch", kind: "main" },
    ],
  });
  if (!answer) return;
  say(t("link.fetching"));
  try {
    list.add(await api.createJob({ ...options.values(), url: url.value }));
  } catch (error) {
    if (error.status !== 400) throw error;
    await link(options, list, { address: url.value, wrong: error.message });
  }
}
