// Copy a quotation with name and time, or a link to a moment of the recording.

/** @import { JobShown } from "../service.d.ts" */
/** @import { Choosing } from "./choosing.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentRow } from "./rows.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { copy } from "../clipboard.js";
import { selection } from "../dom.js";
import { say } from "../messages.js";
import { t } from "../strings/index.js";
import { hidden } from "../transcript/document.js";
import { passages } from "../transcript/quotation.js";
import { clock, lastBegun, rounded } from "../transcript/times.js";
import { caretIn } from "./caret.js";
import { timeAt } from "./typing.js";

/** @typedef {{ job: JobShown, store: Store, view: TranscriptView, player: Player, choosing: Choosing }} Page */

/**
 * Text of the chosen segments, else of the selection in a row, else of the row or the segment being played.
 * @param {Page} page
 * @param {SegmentRow | null} row
 */
export function quotation({ store, view, choosing }, row) {
  const { segments } = store.document;
  const { indices } = choosing;
  const at = row ? view.index(row) : view.speaking;
  const chosen = indices.length ? indices : segments[at] ? [at] : [];
  const selected = indices.length || !row ? "" : String(selection()).trim();
  const quoted = chosen.map((index) =>
    selected
      ? { ...segments[index], text: selected, start: selectedTime(row, segments[index]) }
      : segments[index],
  );
  return passages(quoted)
    .map(({ start, speaker, text }) =>
      t(speaker ? "quote.named" : "quote.unnamed", { text, name: speaker, time: clock(start) }),
    )
    .join("\n");
}

/**
 * Time of the start of the selection in a row.
 * @param {SegmentRow | null} row
 * @param {import("../transcript/document.js").Segment} segment
 */
function selectedTime(row, segment) {
  const caret = row ? caretIn(row) : null;
  const { anchorOffset, focusOffset } = selection();
  const first = (caret ?? 0) - Math.max(0, focusOffset - anchorOffset);
  return timeAt(segment, Math.max(0, first) + hidden(segment));
}

/**
 * Commands that copy.
 * @param {Page} page
 * @returns {Record<string, (row: SegmentRow | null) => unknown>}
 */
export function copying(page) {
  const { job, store, view, player } = page;
  return {
    quote: async (row) => {
      const text = quotation(page, row);
      if (!text) return;
      await copy(text);
      say(t("quote.copied"));
    },
    link: async (row) => {
      const time = row ? store.document.segments[view.index(row)].start : player.time;
      const address = new URL(`#/job/${job.id}@${rounded(time)}`, location.href);
      await copy(address.href);
      say(t("quote.link", { time: clock(time) }));
    },
  };
}

/**
 * Copy the chosen rows with the browser's own command.
 * @param {Page} page
 * @param {AbortSignal} signal
 */
export function copyChosen(page, signal) {
  /** @param {ClipboardEvent} event */
  const put = (event) => {
    if (!page.choosing.indices.length || !selection().isCollapsed) return;
    event.preventDefault();
    event.clipboardData?.setData("text/plain", quotation(page, null));
  };
  document.addEventListener("copy", put, { signal });
}

/**
 * Go to the moment in the address, if it has one.
 * @param {Page} page
 */
export function goToMoment({ store, view, player }) {
  const time = Number(/@([\d.]+)$/.exec(location.hash)?.[1] ?? Number.NaN);
  const index = lastBegun(store.document.segments, time + 0.001);
  if (Number.isNaN(time)) return;
  player.seek(time);
  if (index >= 0) view.focus(index, 0);
}
