// Link with which others watch the captions of this browser. The link stays the same; whether it is in use
// is for the user to say again after each reload.

/** @import { CaptionsLink } from "../service.d.ts" */

import * as api from "../api.js";
import { settings } from "../settings.js";

const NAME = "captionsLink";

let isShared = false;

/** @type {() => CaptionsLink | null} */
const stored = () => settings.get(NAME, /** @type {CaptionsLink | null} */ (null));

/** Secret for the stream; null if nobody may watch. */
export const secret = () => (isShared ? (stored()?.secret ?? null) : null);

/** @param {boolean} on */
export function setShared(on) {
  isShared = on;
}

/** The link, which is made on first use. */
export async function link() {
  return stored() ?? renewed();
}

/** A new link in place of the old one, which is dead from now on. */
export async function renewed() {
  const link = await api.createCaptionsLink();
  settings.set(NAME, link);
  return link;
}

/**
 * Address of the page for those who watch.
 * @param {CaptionsLink} link
 * @param {Record<string, string>} look parameters of the page
 */
export function address({ id }, look) {
  const set = Object.entries(look).filter(([, value]) => value);
  const query = new URLSearchParams(set).toString();
  const page = new URL(location.href.split("#")[0]).href;
  return `${page}#/captions/${id}${query ? `?${query}` : ""}`;
}
