// Taking the text along: formats, and how subtitles are cut.

import * as api from "../api.js";
import { copy } from "../clipboard.js";
import { h, icon } from "../dom.js";
import { worded } from "../editor/problems.js";
import { complain, say } from "../messages.js";
import { number, t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { layoutFields, layoutOf } from "./layout.js";

const ORDER = ["txt", "docx", "srt", "vtt", "tsv", "json", "jojo"];
const SUBTITLES = ["srt", "vtt"];

export async function show(main, signal, id) {
  const [job, info] = await Promise.all([api.job(id), api.info()]);
  if (signal.aborted) return;
  document.title = `${t("export.title")} · ${job.filename}`;
  const base = api.place.ofJob(id);
  const checked = h("div", { class: "violations", "aria-live": "polite" });
  const look = () => check(base, id, checked, signal).catch(complain);
  main.classList.add("export");
  main.append(
    h(
      "a",
      { href: `#/job/${id}`, class: "back" },
      icon("left"),
      h("span", { dir: "auto" }, job.filename),
    ),
    h("h1", {}, t("export.title")),
    h(
      "ul",
      { class: "formats" },
      ORDER.filter((format) => info.formats.includes(format)).map((format) =>
        card(base, format, job.filename),
      ),
    ),
    h(
      "section",
      { class: "sheet", "aria-labelledby": "layout-title" },
      h(
        "div",
        {},
        h("h2", { id: "layout-title" }, t("layout.title")),
        h("p", { class: "soft" }, t("layout.text")),
      ),
      layoutFields(look),
      checked,
    ),
  );
  look();
}

function card(base, format, name) {
  const button = h(
    "button",
    {
      type: "button",
      "aria-describedby": `f-${format}`,
      on: { click: () => download(base, format, name, button).catch(complain) },
    },
    icon("download"),
    t("export.download", { format: format === "jojo" ? ".jojo" : format }),
  );
  return h(
    "li",
    {},
    h(
      "div",
      { class: "grow" },
      h("h2", {}, t(`format.${format}`)),
      h("p", { class: "soft small", id: `f-${format}` }, t(`format.${format}.hint`)),
    ),
    format === "txt"
      ? h(
          "button",
          { type: "button", class: "bare", on: { click: () => copied(base).catch(complain) } },
          t("export.copy"),
        )
      : null,
    button,
  );
}

/** Saves a transcript as a file on the person's disk, named after the recording. */
export async function download(base, format, name, button) {
  if (button) button.disabled = true;
  try {
    const blob = await api.exported(base, {
      format,
      ...(SUBTITLES.includes(format) ? layoutOf() : {}),
    });
    const address = URL.createObjectURL(blob);
    h("a", { href: address, download: `${name.replace(/\.\w{1,5}$/, "")}.${format}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } finally {
    if (button) button.disabled = false;
  }
}

async function copied(base) {
  const blob = await api.exported(base, { format: "txt" });
  await copy(await blob.text());
  say(t("export.copied"));
}

let latest = 0;
async function check(base, id, box, signal) {
  const mine = ++latest;
  const { cues, violations } = await api.checkSubtitles(base, layoutOf());
  if (mine !== latest || signal.aborted) return;
  box.replaceChildren(
    h(
      "p",
      { class: violations.length ? "note doubt" : "note" },
      violations.length
        ? t("export.violations", { count: violations.length, cues: number(cues) })
        : t("export.fine", { count: cues }),
    ),
    h(
      "ul",
      {},
      violations.slice(0, 100).map((one) =>
        h(
          "li",
          {},
          h(
            "a",
            {
              href: `#/job/${id}`,
              on: { click: () => sessionStorage.setItem("unispeech.at", one.segment) },
            },
            clock(one.start),
          ),
          h("span", { class: "grow", dir: "auto" }, one.text),
          h("span", { class: "small doubt-text" }, worded(one)),
        ),
      ),
    ),
    violations.length > 100
      ? h("p", { class: "soft small" }, t("export.more", { count: violations.length - 100 }))
      : "",
  );
}
