// The tabs of the panel beside the text.

/** @import { JobShown } from "../service.d.ts" */
/** @import { Navigation } from "./navigation.js" */
/** @import { Player } from "./player.js" */
/** @import { SubtitleProblems } from "./problems.js" */
/** @import { Roster } from "./roster.js" */
/** @import { Seen } from "./seen.js" */
/** @import { Store } from "./store.js" */
/** @import { TranscriptView } from "./transcript.js" */

import { CheckTab } from "./deskchecks.js";
import { HistoryTab } from "./deskhistory.js";
import { OutlineTab } from "./deskoutline.js";
import { SpeakerTab } from "./deskspeakers.js";

/**
 * @param {{
 *   job: JobShown, store: Store, player: Player, view: TranscriptView, navigation: Navigation,
 *   problems: SubtitleProblems, seen: Seen, roster: Roster,
 * }} page
 * @param {() => void} changed called when other words are to be marked
 */
export const deskTabs = (page, changed) => [
  new SpeakerTab(page),
  new CheckTab({ ...page, changed }),
  new OutlineTab(page),
  new HistoryTab(page),
];
