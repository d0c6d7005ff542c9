// What every view says of a job in the same words.

import * as api from "../api.js";
import { confirm } from "../dialog.js";
import { h } from "../dom.js";
import { bytes, span, t } from "../strings/index.js";

export const stateOf = (job) => t(`state.${job.state}`);

/** What a job waits for, in a few words, or nothing. */
export function waits(job) {
  if (job.state === "queued")
    return job.position ? t("job.ahead", { count: job.position }) : t("job.next");
  if (job.state === "running" && job.time_left !== null)
    return t("job.left", { time: span(job.time_left) });
  return "";
}

export function progressOf(job) {
  const known = job.duration && job.done;
  return h("progress", {
    "aria-label": t("job.progress", { name: job.filename }),
    max: "1",
    value: known ? Math.min(1, job.done / job.duration) : undefined,
  });
}

/** Asks whether to delete a job, saying what that takes along; true when it is gone. */
export async function deleteAsked(job) {
  const { holds } = await api.job(job.id);
  const what = [
    t("delete.recording", { size: bytes(holds.bytes) }),
    holds.revisions ? t("delete.revisions", { count: holds.revisions }) : null,
    holds.shares ? t("delete.shares", { count: holds.shares }) : null,
  ].filter(Boolean);
  const sure = await confirm(
    t("delete.title", { name: job.filename }),
    t("delete.text", { what: list(what) }),
    t("job.delete"),
    { danger: true },
  );
  if (sure) await api.deleteJob(job.id);
  return sure;
}

function list(parts) {
  return new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(parts);
}
