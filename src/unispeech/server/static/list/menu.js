// The menu of a recording in the list.

/** @import { Item } from "../menu.js" */
/** @import { JobShown } from "../service.d.ts" */

import * as api from "../api.js";
import { complain } from "../messages.js";
import { t } from "../strings/index.js";
import { deleteAsked, isEnded } from "../views/jobs.js";

/**
 * @param {JobShown} job
 * @param {{ changed: (job: JobShown) => void, removed: () => void }} list
 * @returns {Item[]}
 */
export function menuOf(job, { changed, removed }) {
  const { id, state } = job;
  /** @type {(label: string, act: () => Promise<unknown>) => Item} */
  const item = (label, act) => ({ label: t(label), run: () => act().catch(complain) });
  /** @type {(label: string, view: string) => Item} */
  const link = (label, view) => ({
    label: t(label),
    run: () => {
      location.hash = `#/job/${id}/${view}`;
    },
  });
  const retry =
    state === "done"
      ? item("restart.menu", () => transcribeAgain(job))
      : item("job.retry", async () => changed(await api.retry(id)));
  const actions = () => import("./actions.js");
  return [
    ...(state === "done" ? [link("job.export", "export"), link("job.share", "share")] : []),
    item("rename.menu", async () => {
      const renamed = await (await actions()).rename(job);
      if (renamed) changed(renamed);
    }),
    item("tags.menu", async () => (await (await actions()).tag([job])).forEach(changed)),
    isEnded(job) ? retry : item("job.cancel", async () => changed(await api.cancel(id))),
    {
      ...item("job.delete", async () => {
        if (await deleteAsked(job)) removed();
      }),
      danger: true,
    },
  ];
}

/**
 * Ask for the options of a new run, and show its progress above the text.
 * @param {JobShown} job
 */
async function transcribeAgain(job) {
  const again = await import("../editor/again.js");
  if (await again.transcribeAgain(job, async () => {})) location.hash = `#/job/${job.id}`;
}
