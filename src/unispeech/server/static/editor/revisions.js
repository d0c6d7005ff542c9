// Earlier versions of the transcript, one of which can be restored.

/** @import { JobShown, RevisionShown } from "../service.d.ts" */
/** @import { TranscriptDocument } from "../transcript/document.js" */

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { complain } from "../messages.js";
import { day, t } from "../strings/index.js";
import { difference } from "../transcript/difference.js";
import { changeLines, differenceOf } from "./deskhistory.js";

const CHANGES = 30; // shown changes of a version
const COMPARED = 12; // versions whose line says what they changed

/**
 * Show the history and return the number of the revision to restore, or null.
 * @param {JobShown} job
 * @param {TranscriptDocument} document
 */
export async function chooseRevision(job, document) {
  const revisions = await api.revisions(job.id);
  const preview = h("div", { class: "preview", "aria-live": "polite" });
  /** @type {number | null} */
  let chosen = null;
  /** @param {RevisionShown} revision */
  const choose = ({ number }) => {
    chosen = number;
    showDifference(preview, job.id, number, document).catch(complain);
  };
  const rows = revisions.map((revision, index) => {
    const row = revisionRow(revision, index, choose);
    const before = revisions[index + 1];
    if (before && index < COMPARED) summarize(row, job.id, before.number, revision.number);
    return row;
  });
  const list = h("ul", { class: "revisions" }, rows);
  const answer = await ask({
    title: t("revision.title"),
    large: true,
    content: [
      h("p", { class: "soft" }, t("revision.text")),
      h("div", { class: "two" }, list, preview),
    ],
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("revision.restore"), value: "restore", kind: "main" },
    ],
  });
  return answer ? chosen : null;
}

/**
 * Add what a version changed to its line.
 * @param {HTMLElement} row
 * @param {string} job
 * @param {number} before
 * @param {number} number
 */
function summarize(row, job, before, number) {
  differenceOf(job, before, number).then(
    (found) =>
      row
        .querySelector(".grow")
        ?.append(h("span", { class: "changes small" }, changeLines(found, 1).slice(0, 1))),
    () => {},
  );
}

/**
 * A revision in the list; the first is the current transcript.
 * @param {RevisionShown} revision
 * @param {number} index
 * @param {(revision: RevisionShown) => void} choose
 */
function revisionRow(revision, index, choose) {
  const { number, created, kind, author, segments } = revision;
  const radio = h("input", {
    type: "radio",
    name: "revision",
    required: true,
    value: String(number),
    disabled: index === 0,
    autofocus: index === 1,
    on: { change: () => choose(revision) },
  });
  const origin = ` ${t(`revision.${kind}`)}${author ? `, ${author}` : ""}`;
  const size = index === 0 ? t("revision.now") : t("revision.segments", { count: segments });
  return h(
    "li",
    {},
    h(
      "label",
      {},
      radio,
      h(
        "span",
        { class: "grow" },
        h("time", {}, day(created)),
        h("span", { class: "soft small" }, origin),
      ),
      h("span", { class: "soft small number" }, size),
    ),
  );
}

/**
 * Show how the document differs from a revision.
 * @param {HTMLElement} preview
 * @param {string} job
 * @param {number} number
 * @param {TranscriptDocument} document
 */
async function showDifference(preview, job, number, document) {
  const { segments } = await api.revision(job, number);
  const found = difference(segments, document.segments);
  const count = found.changes.length;
  preview.replaceChildren(
    h("p", { class: "soft small" }, count ? t("revision.differs", { count }) : ""),
    ...changeLines(found, CHANGES),
  );
}
