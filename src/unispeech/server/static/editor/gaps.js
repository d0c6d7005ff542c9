// Buttons of a gap: play, decode again, type the text, dismiss.

/** @import { Player } from "./player.js" */
/** @import { Store } from "./store.js" */
/** @import { Sync } from "./sync.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { complain } from "../messages.js";
import { closeGap, insert } from "../transcript/edits.js";

/**
 * @param {{ store: Store, player: Player, sync: Sync, view: TranscriptView }} page
 * @param {string} action
 * @param {number} index of the gap
 */
export function pressInGap({ store, player, sync, view }, action, index) {
  const { document } = store;
  const gap = document.gaps[index];
  if (!gap) return;
  if (action === "play") player.playFrom(gap.start, gap.end);
  if (action === "again") sync.decodeAgain(gap).catch(complain);
  if (action === "close") store.change(closeGap(document, index));
  if (action !== "write") return;
  const [segment] = insert(document, gap.start, gap.end);
  store.change([...closeGap(document, index), segment]);
  view.focus(segment.at, 0);
}
