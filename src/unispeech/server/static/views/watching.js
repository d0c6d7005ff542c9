// Dialog with the link for others to watch, and how the captions look there.

/** @import { CaptionsLink } from "../service.d.ts" */

import { copy } from "../clipboard.js";
import { ask } from "../dialog.js";
import { h } from "../dom.js";
import * as links from "../live/link.js";
import { complain, say } from "../messages.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { field, select } from "./optioncontrols.js";

/** @typedef {{ size: string, lines: string, background: string }} Look */

/** @type {Look} */
const USUAL = { size: "", lines: "", background: "" };
/** Choices of the look; "" is that of the page. */
const CHOICES = {
  size: ["", "32", "48", "72", "96"],
  lines: ["", "1", "2", "3", "4"],
  background: ["", "transparent", "black", "green"],
};

/**
 * Show the dialog. `changed` is called with the secret of the link, or null if nobody may watch.
 * @param {(secret: string | null) => void} changed
 */
export async function offerLink(changed) {
  let link = await links.link();
  const url = h("input", { id: "w-link", readonly: true, dir: "ltr" });
  url.addEventListener("focus", () => url.select());
  const open = h("a", { class: "button", target: "_blank", rel: "noopener" }, t("watch.open"));
  const draw = () => {
    url.value = links.address(link, look());
    open.href = url.value;
  };
  const allowed = h("input", { type: "checkbox", id: "w-on", "aria-describedby": "wh-on" });
  allowed.checked = links.secret() !== null;
  allowed.addEventListener("change", () => {
    links.setShared(allowed.checked);
    changed(links.secret());
  });
  const copyLink = async () => {
    await copy(url.value);
    say(t("share.copied"));
  };
  const renew = async () => {
    link = await links.renewed();
    draw();
    changed(links.secret());
    say(t("watch.renewed"));
  };
  draw();
  await ask({
    title: t("watch.title"),
    content: h(
      "div",
      { class: "watching-link" },
      field(t("watch.on"), allowed, h("p", { class: "hint", id: "wh-on" }, t("watch.on.hint"))),
      h(
        "div",
        { class: "field" },
        h("label", { for: "w-link" }, t("share.link")),
        h("div", { class: "row" }, url, button("share.copy", copyLink, "main"), open),
      ),
      h("div", { class: "pairs", on: { change: draw } }, lookFields()),
      h("p", { class: "soft small" }, t("watch.obs")),
      h("div", { class: "row" }, button("watch.renew", renew), renewHint()),
    ),
    buttons: [{ label: t("close"), value: "" }],
    large: true,
  });
}

/** @returns {Look} */
const look = () => ({ ...USUAL, ...settings.get("captionsLook", {}) });

function lookFields() {
  return Object.entries(CHOICES).map(([name, values]) => {
    const choices = values.map((value) => ({ value, label: label(name, value) }));
    const chosen = look()[/** @type {keyof Look} */ (name)];
    const list = select({ id: `w-${name}`, name }, choices, chosen);
    list.addEventListener("change", () =>
      settings.set("captionsLook", { ...look(), [name]: list.value }),
    );
    return field(t(`watch.${name}`), list);
  });
}

/**
 * @param {string} name
 * @param {string} value
 */
function label(name, value) {
  if (name === "background") return t(`watch.background.${value || "page"}`);
  return value || t(`watch.${name}.usual`);
}

const renewHint = () => h("p", { class: "soft small grow" }, t("watch.renew.hint"));

/** @type {(label: string, act: () => Promise<void>, kind?: string) => HTMLElement} */
function button(label, act, kind) {
  const click = () => act().catch(complain);
  return h("button", { type: "button", class: kind ?? null, on: { click } }, t(label));
}
