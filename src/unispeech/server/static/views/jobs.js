// Labels and questions about jobs that the views share.

/** @import { JobShown } from "../service.d.ts" */

import * as api from "../api.js";
import { confirm } from "../dialog.js";
import { h } from "../dom.js";
import { bytes, span, t } from "../strings/index.js";

/** @param {JobShown} job */
export const stateOf = ({ state }) => t(`state.${state}`);

/**
 * True if a job is done, failed or cancelled.
 * @param {JobShown} job
 */
export const isEnded = ({ state }) => ["done", "failed", "cancelled"].includes(state);

/**
 * Position in the queue or time left; "" if neither is known.
 * @param {JobShown} job
 */
export function waits({ state, position, time_left }) {
  if (state === "queued") return position ? t("job.ahead", { count: position }) : t("job.next");
  if (state === "running" && time_left !== null) return t("job.left", { time: span(time_left) });
  return "";
}

/** @param {JobShown} job */
export function progressOf({ filename, done, duration }) {
  return h("progress", {
    "aria-label": t("job.progress", { name: filename }),
    max: "1",
    value: duration && done ? Math.min(1, done / duration) : undefined,
  });
}

/**
 * Ask whether to delete a job, listing its contents; true if it was deleted.
 * @param {JobShown} job
 */
export async function deleteAsked(job) {
  const { holds } = await api.job(job.id);
  const parts = [
    t("delete.recording", { size: bytes(holds.bytes) }),
    holds.revisions ? t("delete.revisions", { count: holds.revisions }) : "",
    holds.shares ? t("delete.shares", { count: holds.shares }) : "",
  ].filter(Boolean);
  const isSure = await confirm(
    t("delete.title", { name: job.filename }),
    t("delete.text", { what: joined(parts) }),
    t("job.delete"),
    { danger: true },
  );
  if (isSure) await api.deleteJob(job.id);
  return isSure;
}

/** @param {string[]} parts */
function joined(parts) {
  const { lang } = document.documentElement;
  return new Intl.ListFormat(lang, { type: "conjunction" }).format(parts);
}
