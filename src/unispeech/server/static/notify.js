// Notifications of the browser when a recording is done, while the page is open in any tab but not seen.

import { follow } from "./events.js";
import { complain } from "./messages.js";
import { settings } from "./settings.js";
import { t } from "./strings/index.js";

/** @type {AbortController | null} while the jobs are followed */
let following = null;

/** True if the browser has notifications, which insecure pages of other machines lack. */
export const isPossible = () => "Notification" in globalThis && isSecureContext;

export const isDenied = () => Notification.permission === "denied";

export const isOn = () =>
  isPossible() && settings.get("notify", false) && Notification.permission === "granted";

/**
 * Ask the user for permission, or end the notifications. True if they are on afterwards.
 * @param {boolean} wanted
 */
export async function turn(wanted) {
  const isAllowed = wanted && (await Notification.requestPermission()) === "granted";
  settings.set("notify", isAllowed);
  if (isAllowed) start();
  else following?.abort();
  return isAllowed;
}

/** Follow the jobs, if the user has asked for notifications. */
export function start() {
  if (!isOn() || (following && !following.signal.aborted)) return;
  following = new AbortController();
  /** @type {Map<string, string>} */
  const states = new Map(); // by job
  /** @type {import("./events.js").Listener["events"]} */
  const events = {
    jobs: ({ jobs }) => {
      for (const { id, state } of jobs) states.set(id, state);
    },
    job: ({ id, state, parent, filename }) => {
      const before = states.get(id);
      states.set(id, state);
      const isNews = (state === "done" || state === "failed") && before !== state;
      if (isNews && !parent && !document.hasFocus()) announce(id, state, filename);
    },
  };
  follow("api/events", { events }, following.signal).catch(complain);
}

/**
 * @param {string} id
 * @param {"done" | "failed"} state
 * @param {string} filename
 */
function announce(id, state, filename) {
  // The tag keeps several tabs from showing it twice.
  const note = new Notification(filename, { body: t(`notify.${state}`), tag: id });
  note.onclick = () => {
    focus();
    location.hash = `#/job/${id}`;
    note.close();
  };
}
