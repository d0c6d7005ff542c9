// The first view: add recordings, and the list of recordings.

/** @import { Info, JobShown } from "../service.d.ts" */
/** @import { JobList as List } from "../list/joblist.js" */
/** @import { OptionsForm as Options } from "./options.js" */
/** @import { Take } from "./sendinglist.js" */

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { h, icon } from "../dom.js";
import { JobList } from "../list/joblist.js";
import { complain, say } from "../messages.js";
import * as sending from "../sending.js";
import { bytes, t } from "../strings/index.js";
import { OptionsForm } from "./options.js";
import { sendingList } from "./sendinglist.js";

const MEDIA = "audio/*,video/*,.opus,.amr,.mkv,.caf,.wma,.m4a,.flac,.oga,.ogg,.mka,.webm";
const OTHER = /^(text|image|font)\/|^application\/(pdf|zip|msword|rtf|json|vnd\.openxmlformats)/;

/** @type {import("../main.js").View["show"]} */
export async function show(main, signal) {
  document.title = "UniSpeech";
  main.classList.add("recordings");
  const info = await api.info();
  const { max_upload, retention_days } = info.limits;
  const options = new OptionsForm(info);
  options.load().catch(complain);
  const list = new JobList(signal);
  /** @type {Take} */
  const take = (files, sent) => {
    const fit = files.filter((file) => isUsable(file, max_upload));
    const done = (/** @type {JobShown} */ job) => {
      list.add(job);
      sent?.();
    };
    if (fit.length) sending.send(fit, options.values(), done);
  };
  const retention = retention_days ? t("recordings.retention", { count: retention_days }) : "";
  main.append(
    h("h1", { class: "unseen" }, t("recordings.title")),
    info.disclaimer ? h("p", { class: "note" }, info.disclaimer) : "",
    intake(take, options, list, info, signal),
    options.element,
    sendingList(take, list, signal),
    list.element,
    h("p", { class: "soft small foot" }, retention),
  );
}

/**
 * True if the server accepts a file; shows the reason if not.
 * @param {File} file
 * @param {number} limit bytes
 */
function isUsable({ name, size, type }, limit) {
  const wrong = !size
    ? "file.empty"
    : OTHER.test(type)
      ? "file.kind"
      : size > limit
        ? "file.large"
        : null;
  if (!wrong) return true;
  complain(new api.Trouble(t(wrong, { name, size: bytes(size), limit: bytes(limit) })));
  return false;
}

/**
 * @param {Take} take
 * @param {Options} options
 * @param {List} list
 * @param {Info} info
 * @param {AbortSignal} signal
 */
function intake(take, options, list, info, signal) {
  const input = h("input", { type: "file", multiple: true, accept: MEDIA, hidden: true });
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    input.value = "";
  });
  const record = async () => (await import("./recorder.js")).record(take);
  const fetchUrl = () => askUrl(options, list);
  const isTouch = matchMedia("(pointer: coarse)").matches;
  const section = h(
    "section",
    { class: "intake", "aria-label": t("intake.label") },
    h("p", { class: "headline" }, t(isTouch ? "intake.add" : "intake.drop")),
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
      info.limits.fetch_urls ? intakeButton("link", "intake.link", fetchUrl) : null,
      intakeButton("mic", "intake.record", record),
    ),
  );
  takeDropped(section, take, signal);
  /** @param {ClipboardEvent} event */
  const paste = ({ clipboardData }) => {
    if (clipboardData?.files.length) take([...clipboardData.files]);
  };
  addEventListener("paste", paste, { signal });
  return section;
}

/** @type {(drawing: string, label: string, act: () => Promise<void>) => HTMLElement} */
function intakeButton(drawing, label, act) {
  const click = () => act().catch(complain);
  return h("button", { type: "button", on: { click } }, icon(drawing), t(label));
}

/**
 * Accept files dropped anywhere on the page.
 * @param {HTMLElement} section
 * @param {Take} take
 * @param {AbortSignal} signal
 */
function takeDropped(section, take, signal) {
  /** @param {DragEvent} event */
  const filesOf = ({ dataTransfer }) =>
    dataTransfer?.types.includes("Files") ? dataTransfer.files : null;
  /** @param {DragEvent} event */
  const over = (event) => {
    if (!filesOf(event)) return;
    event.preventDefault();
    section.classList.add("over");
  };
  /** @param {DragEvent} event */
  const leave = (event) => {
    if (!event.relatedTarget) section.classList.remove("over");
  };
  /** @param {DragEvent} event */
  const drop = (event) => {
    section.classList.remove("over");
    const files = filesOf(event);
    if (!files) return;
    event.preventDefault();
    take([...files]);
  };
  addEventListener("dragover", over, { signal });
  addEventListener("dragleave", leave, { signal });
  addEventListener("drop", drop, { signal });
}

/**
 * Ask for the address of a recording, and again with the reason if the server could not fetch it.
 * @param {Options} options
 * @param {List} list
 * @param {{ address?: string, reason?: string }} [failed]
 */
async function askUrl(options, list, { address = "", reason } = {}) {
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
      reason ? h("p", { class: "why", role: "alert" }, reason) : null,
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
    if (api.statusOf(error) !== 400) throw error;
    await askUrl(options, list, { address: url.value, reason: api.messageOf(error) });
  }
}
