// Export: formats, the layout of subtitles and text rules.

import * as api from "../api.js";
import { copy } from "../clipboard.js";
import { h, icon } from "../dom.js";
import { problemText } from "../editor/problems.js";
import { complain, say } from "../messages.js";
import { number, t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { layoutFields, layoutOf } from "./layout.js";
import { field } from "./optioncontrols.js";
import { RuleFields } from "./rules.js";

/** @import { Rules } from "./rules.js" */

/**
 * Query of a download, besides its format and layout.
 * @typedef {Rules & { translation?: string }} Options
 * @typedef {() => Options} Values
 */

/** Formats by group, the common ones first. @type {[group: string, formats: string[]][]} */
export const GROUPS = [
  ["common", ["txt", "docx", "srt", "vtt", "tsv", "json"]],
  ["documents", ["html", "md"]],
  ["subtitles", ["ass", "ttml", "stl", "scc", "lrc"]],
  ["data", ["csv", "jsonl", "jojo"]],
  ["research", ["textgrid", "eaf", "ctm", "stm", "rttm"]],
  ["editing", ["edl", "fcpxml"]],
];
export const SUBTITLES = ["srt", "vtt", "ass", "lrc", "ttml", "stl", "scc"];
/** Formats with room for a translation beside the text. */
const BESIDE = ["txt", "docx", "html", "csv"];
const MANY = 100; // problems listed

/** @type {import("../main.js").View["show"]} */
export async function show(main, signal, id) {
  const [{ filename, translation }, info] = await Promise.all([api.job(id), api.info()]);
  if (signal.aborted) return;
  document.title = `${t("export.title")} · ${filename}`;
  const base = api.place.ofJob(id);
  const { formats, layout } = info;
  const rules = new RuleFields(info, "rules");
  const beside = translation && (await hasTranslation(id)) ? translationField() : null;
  if (signal.aborted) return;
  /** @type {Values} */
  const values = () => ({ ...rules.values(), ...(beside?.value && { translation: beside.value }) });
  const problems = h("div", { class: "violations", "aria-live": "polite" });
  const check = () => showProblems(base, id, problems, signal).catch(complain);
  main.classList.add("export");
  main.append(
    h(
      "a",
      { href: `#/job/${id}`, class: "back" },
      icon("left"),
      h("span", { dir: "auto" }, filename),
    ),
    h("h1", {}, t("export.title")),
    beside ? field(t("export.translation"), beside) : "",
    h(
      "div",
      { class: "formats" },
      GROUPS.map(([group, names]) => {
        const offered = names.filter((format) => formats.includes(format));
        const cards = offered.map((format) => card(base, format, filename, values));
        return h(
          "section",
          { "aria-labelledby": `g-${group}` },
          h("h2", { id: `g-${group}` }, t(`export.${group}`)),
          h("ul", {}, cards),
        );
      }),
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
      layoutFields(layout, check),
      problems,
    ),
    h(
      "section",
      { class: "sheet", "aria-labelledby": "rules-title" },
      h(
        "div",
        {},
        h("h2", { id: "rules-title" }, t("rules.heading")),
        h("p", { class: "soft" }, t("rules.text")),
      ),
      rules.element,
    ),
  );
  beside?.addEventListener("change", () => offerFormats(main, beside.value === "1"));
  check();
}

/** @param {string} id */
const hasTranslation = async (id) => (await api.translation(id)).source !== null;

/** Choice of the text that the downloads contain. */
function translationField() {
  /** @type {[value: string, label: string][]} */
  const choices = [
    ["", "none"],
    ["1", "beside"],
    ["only", "only"],
  ];
  return h(
    "select",
    { id: "export-translation" },
    choices.map(([value, label]) => h("option", { value }, t(`export.translation.${label}`))),
  );
}

/**
 * Offer all formats, or only those with room for a translation.
 * @param {HTMLElement} main
 * @param {boolean} isBeside
 */
function offerFormats(main, isBeside) {
  /** @type {NodeListOf<HTMLElement>} */
  const cards = main.querySelectorAll(".formats li");
  for (const item of cards) item.hidden = isBeside && !BESIDE.includes(item.dataset.format ?? "");
  /** @type {NodeListOf<HTMLElement>} */
  const groups = main.querySelectorAll(".formats section");
  for (const group of groups) group.hidden = !group.querySelector("li:not([hidden])");
}

/**
 * @param {string} base
 * @param {string} format
 * @param {string} filename
 * @param {Values} values
 */
function card(base, format, filename, values) {
  const save = h(
    "button",
    { type: "button", "aria-describedby": `f-${format}` },
    icon("download"),
    t("export.download", { format: format === "jojo" ? ".jojo" : format }),
  );
  save.addEventListener("click", () => {
    save.disabled = true;
    const enable = () => {
      save.disabled = false;
    };
    download(base, format, filename, values()).catch(complain).finally(enable);
  });
  const copyText = h(
    "button",
    {
      type: "button",
      class: "bare",
      on: { click: () => copyAll(base, values()).catch(complain) },
    },
    t("export.copy"),
  );
  return h(
    "li",
    { data: { format } },
    h(
      "div",
      { class: "grow" },
      h("h3", {}, t(`format.${format}`)),
      h("p", { class: "soft small", id: `f-${format}` }, t(`format.${format}.hint`)),
    ),
    format === "txt" ? copyText : null,
    save,
  );
}

/**
 * Save a transcript as a file named after the recording.
 * @param {string} base
 * @param {string} format
 * @param {string} filename
 * @param {Options} [options]
 */
export async function download(base, format, filename, options = {}) {
  const layout = SUBTITLES.includes(format) ? layoutOf() : {};
  const blob = await api.exported(base, { format, ...layout, ...options });
  const suffix = options.translation === "only" ? `en.${format}` : format; // players read the language there
  saveFile(blob, `${filename.replace(/\.\w{1,5}$/, "")}.${suffix}`);
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function saveFile(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * @param {string} base
 * @param {Options} options
 */
async function copyAll(base, options) {
  const blob = await api.exported(base, { format: "txt", ...options });
  await copy(await blob.text());
  say(t("export.copied"));
}

let latest = 0; // number of the latest request for problems

/**
 * @param {string} base
 * @param {string} id
 * @param {HTMLElement} box
 * @param {AbortSignal} signal
 */
async function showProblems(base, id, box, signal) {
  const request = ++latest;
  const { cues, violations } = await api.checkSubtitles(base, layoutOf());
  if (request !== latest || signal.aborted) return;
  const count = violations.length;
  const verdict = count
    ? t("export.violations", { count, cues: number(cues) })
    : t("export.fine", { count: cues });
  box.replaceChildren(
    h("p", { class: count ? "note doubt" : "note" }, verdict),
    h(
      "ul",
      {},
      violations.slice(0, MANY).map((violation) => problemRow(id, violation)),
    ),
    count > MANY ? h("p", { class: "soft small" }, t("export.more", { count: count - MANY })) : "",
  );
}

/**
 * @param {string} id
 * @param {import("../service.d.ts").Violation} violation
 */
function problemRow(id, violation) {
  const { segment, start, text } = violation;
  const remember = () => sessionStorage.setItem("unispeech.at", String(segment));
  return h(
    "li",
    {},
    h("a", { href: `#/job/${id}`, on: { click: remember } }, clock(start)),
    h("span", { class: "grow", dir: "auto" }, text),
    h("span", { class: "small doubt-text" }, problemText(violation)),
  );
}
