// Commands that open a menu, a dialog or another view.

/** @import { JobShown } from "../service.d.ts" */
/** @import { Autosave } from "./autosave.js" */
/** @import { Choosing } from "./choosing.js" */
/** @import { Desk } from "./desk.js" */
/** @import { FindBar } from "./findbar.js" */
/** @import { SubtitleProblems } from "./problems.js" */
/** @import { Roster } from "./roster.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Store } from "./store.js" */
/** @import { Sync } from "./sync.js" */
/** @import { TranscriptView } from "./transcript.js" */
/** @import { Translation } from "./translation.js" */

import { openMenu } from "../menu.js";
import { complain } from "../messages.js";
import { t } from "../strings/index.js";
import { mergeAll, removeAll, setTimes } from "../transcript/edits.js";
import { deleteAsked } from "../views/jobs.js";
import { showKeys } from "./keys.js";
import { shownKeys } from "./keytable.js";
import { speakerMenu } from "./speakers.js";
import { askTimes } from "./times.js";
import { isTypewriter, toggleTypewriter } from "./typewriter.js";

/** Commands in the menu of a row; null is a separator. */
const ROW_COMMANDS = [
  ...["times", "speaker", "again", "replay", "quote", "link", null],
  ...["split", "mergeBack", "mergeOn", "insert", null],
  ...["earlier", "later", "begins", "ends", null],
  "remove",
];
/** Commands whose keys do not work in the menu. */
const WITHOUT_KEYS = ["mergeBack", "mergeOn"];

/**
 * A command that opens a panel from a row or a button.
 * @typedef {(row: SegmentRow | null, button?: HTMLElement) => unknown} Opener
 * @typedef {(command: string, row?: SegmentRow | null) => void} Run
 * @typedef {{
 *   job: JobShown, store: Store, view: TranscriptView, bar: FindBar, saving: Autosave, sync: Sync,
 *   problems: SubtitleProblems, roster: Roster, choosing: Choosing, desk: Desk, run: Run,
 *   translation: Translation,
 * }} Page
 */

/**
 * These commands by name.
 * @param {Page} page
 * @returns {Record<string, Opener>}
 */
export function panels(page) {
  const { job, store, view, bar, saving, sync, problems, run, desk, choosing } = page;
  /** @param {string} name */
  const leaveFor = async (name) => {
    await saving.now();
    location.hash = `#/job/${job.id}/${name}`;
  };
  return {
    find: () => bar.open(false),
    replace: () => bar.open(true),
    keys: () => showKeys(),
    save: () => saving.now(),
    share: () => leaveFor("share"),
    export: () => leaveFor("export"),
    desk: () => desk.toggle(),
    typewriter: () => toggleTypewriter(),
    ...ofChosen(page),
    selectOn: (row) => choosing.extend(row, 1),
    selectBack: (row) => choosing.extend(row, -1),
    history: () => sync.restore(),
    restart: () => sync.transcribeAgain(),
    more: (_, button) => button && openMenu(button, moreItems(page), t("editor.more")),
    menu: (row) => row && openMenu(row.more, rowItems(row, run), t("segment.text")),
    problem: () => {
      const index = problems.after(view.speaking);
      if (index >= 0) view.focus(index, 0);
    },
    speaker: (row) => {
      const isShown = row?.speaker.checkVisibility();
      if (row) speakerMenu(isShown ? row.speaker : row.more, page, [view.index(row)]);
    },
    times: async (row) => {
      const index = view.index(row);
      if (index < 0) return;
      const times = await askTimes(store.document.segments[index]);
      if (times) store.change(setTimes(store.document, index, ...times));
      view.focus(index, 0);
    },
    again: (row) => {
      const index = row ? view.index(row) : Math.max(0, view.speaking);
      return sync.decodeAgain(store.document.segments[index]);
    },
  };
}

/**
 * Commands of the bar of the chosen rows.
 * @param {Page} page
 * @returns {Record<string, Opener>}
 */
function ofChosen(page) {
  const { store, choosing } = page;
  /** @param {(indices: number[]) => import("../transcript/document.js").Edit} make */
  const change = (make) => {
    const { indices } = choosing;
    if (indices.length && store.change(make(indices))) choosing.clear();
  };
  return {
    speakers: (_, button) => button && speakerMenu(button, page, choosing.indices),
    join: () =>
      change((indices) => mergeAll(store.document, indices[0], indices[indices.length - 1])),
    removeAll: () => change((indices) => removeAll(store.document, indices)),
  };
}

/**
 * @param {SegmentRow} row
 * @param {Run} run
 */
function rowItems(row, run) {
  return ROW_COMMANDS.map((command) =>
    command === null
      ? null
      : {
          label: t(`command.${command}`),
          keys: WITHOUT_KEYS.includes(command) ? "" : shownKeys(command),
          danger: command === "remove",
          run: () => run(command, row),
        },
  );
}

/** @param {Page} page */
function moreItems({ job, run, translation }) {
  const remove = async () => {
    if (await deleteAsked(job)) location.hash = "#/";
  };
  return [
    { label: t("command.replace"), keys: shownKeys("replace"), run: () => run("replace") },
    {
      label: t("command.typewriter"),
      keys: shownKeys("typewriter"),
      checked: isTypewriter(),
      run: () => run("typewriter"),
    },
    { label: t("command.desk"), keys: shownKeys("desk"), run: () => run("desk") },
    { label: t("print.title"), run: () => print() },
    { label: t("revision.title"), run: () => run("history") },
    { label: t("keys.title"), keys: shownKeys("keys"), run: () => run("keys") },
    ...(translation.items.length ? [null, ...translation.items] : []),
    null,
    { label: t("restart.menu"), run: () => run("restart") },
    { label: t("job.delete"), danger: true, run: () => remove().catch(complain) },
  ];
}
