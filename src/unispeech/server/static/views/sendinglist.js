// Uploads in progress, interrupted uploads, and recordings that were never sent.

/** @import { Recording } from "../recordingstore.js" */
/** @import { Sending } from "../sending.js" */
/** @import { UploadShown } from "../service.d.ts" */
/** @import { JobList } from "../list/joblist.js" */

import { isUnreachable } from "../api.js";
import { h, iconButton } from "../dom.js";
import { serverIsBack } from "../events.js";
import { complain } from "../messages.js";
import * as store from "../recordingstore.js";
import * as sending from "../sending.js";
import { bytes, day, number, t } from "../strings/index.js";

/** @typedef {(files: File[], sent?: () => void) => void} Take uploads files; `sent` is called for each job */

/**
 * @param {Take} take
 * @param {JobList} jobs
 * @param {AbortSignal} signal
 */
export function sendingList(take, jobs, signal) {
  const going = h("ul", { class: "jobs" });
  const earlier = h("ul", { class: "jobs" });
  const label = t("sending.title");
  const element = h("section", { "aria-label": label, hidden: true }, going, earlier);
  /** @type {Map<Sending, SendingRow>} */
  const rows = new Map();

  function draw() {
    const all = sending.all();
    for (const [upload, row] of [...rows]) {
      if (all.includes(upload)) continue;
      row.element.remove();
      rows.delete(upload);
    }
    for (const upload of all) {
      const row = rows.get(upload) ?? new SendingRow(upload);
      if (!rows.has(upload)) going.append(row.element);
      rows.set(upload, row);
      row.draw();
    }
    for (const row of earlier.querySelectorAll("li")) {
      const goesOn = all.some(({ upload }) => upload && upload === row.dataset.upload);
      if (goesOn) row.remove();
    }
    element.hidden = !going.children.length && !earlier.children.length;
  }

  async function showEarlier() {
    const uploads = await sending.unfinished((job) => jobs.add(job));
    const recordings = await store.recordings();
    if (signal.aborted) return;
    earlier.replaceChildren(
      ...uploads.map((upload) => uploadRow(upload, draw)),
      ...recordings.map((recording) => recordingRow(recording, take, draw)),
    );
    draw();
  }

  async function findEarlier() {
    while (!signal.aborted) {
      try {
        return await showEarlier();
      } catch (error) {
        complain(error);
        if (!isUnreachable(error)) return;
        await serverIsBack(signal);
      }
    }
  }

  document.addEventListener(store.RELEASED, () => showEarlier().catch(complain), { signal });
  sending.watch(draw, signal);
  draw();
  findEarlier();
  return element;
}

class SendingRow {
  #line = h("p", { class: "soft small number" });
  #bar;
  #again;
  #sending;

  /** @param {Sending} upload */
  constructor(upload) {
    const { name } = upload.file;
    this.#sending = upload;
    this.#bar = h("progress", { "aria-label": t("sending.progress", { name }), max: 1, value: 0 });
    const retry = () => sending.again(upload);
    this.#again = h(
      "button",
      { type: "button", hidden: true, on: { click: retry } },
      t("trouble.again"),
    );
    const stop = () => sending.stop(upload);
    this.element = h(
      "li",
      { class: "job sending" },
      h("div", { class: "grow" }, h("span", { dir: "auto", class: "name" }, name), this.#line),
      this.#again,
      iconButton("close", t("sending.stop", { name }), { on: { click: stop } }),
      this.#bar,
    );
  }

  draw() {
    const { file, sent, state } = this.#sending;
    const share = file.size ? sent / file.size : 0;
    this.#bar.value = share;
    this.#line.textContent = this.#text(share);
    this.#line.className =
      state === "failed" ? "why" : state === "lost" ? "small doubt-text" : "soft small number";
    this.#again.hidden = state !== "failed";
  }

  /** @param {number} share */
  #text(share) {
    const { file, sent, state, message } = this.#sending;
    if (message && state !== "sending") return message;
    if (state === "waiting") return t("sending.waiting");
    return t("sending.sent", {
      sent: bytes(sent),
      size: bytes(file.size),
      share: number(Math.floor(share * 100) / 100, { style: "percent" }),
    });
  }
}

/**
 * Interrupted upload; choosing its file again resumes it.
 * @param {UploadShown} upload
 * @param {() => void} changed
 */
function uploadRow({ id, filename, offset, size, expires }, changed) {
  const share = number(offset / size, { style: "percent" });
  const giveUp = async () => {
    await sending.giveUp(id);
    element.remove();
    changed();
  };
  const element = h(
    "li",
    { class: "job sending", data: { upload: id } },
    h(
      "div",
      { class: "grow" },
      h("span", { dir: "auto", class: "name" }, filename),
      h("p", { class: "small doubt-text" }, t("sending.open", { share, day: day(expires) })),
    ),
    iconButton("close", t("sending.stop", { name: filename }), {
      on: { click: () => giveUp().catch(complain) },
    }),
  );
  return element;
}

/**
 * Recording that was never sent.
 * @param {Recording} recording
 * @param {Take} take
 * @param {() => void} changed
 */
function recordingRow({ id, name, size }, take, changed) {
  const forget = async () => {
    await store.forget(id);
    element.remove();
    changed();
  };
  const send = async () => {
    const file = await store.file(id);
    const release = store.hold(id);
    take([file], () => store.forget(id).then(release).catch(complain));
    element.remove();
    changed();
  };
  const element = h(
    "li",
    { class: "job sending" },
    h(
      "div",
      { class: "grow" },
      h("span", { class: "name" }, name),
      h("p", { class: "small doubt-text" }, t("recorder.kept", { size: bytes(size) })),
    ),
    h(
      "button",
      { type: "button", on: { click: () => send().catch(complain) } },
      t("recorder.send"),
    ),
    iconButton("close", t("recorder.forget"), { on: { click: () => forget().catch(complain) } }),
  );
  return element;
}
