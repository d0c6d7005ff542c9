// Share links, which let others read and play one recording.

/** @import { ShareMade, ShareShown } from "../service.d.ts" */

import * as api from "../api.js";
import { copy } from "../clipboard.js";
import { h, icon } from "../dom.js";
import { complain, say } from "../messages.js";
import { day, t } from "../strings/index.js";

const DAY = 86_400;
const USUAL = 7 * DAY;
/** @type {[seconds: number, label: string][]} */
const PERIODS = [
  [DAY, "share.day"],
  [USUAL, "share.week"],
  [30 * DAY, "share.month"],
  [0, "share.never"],
];

/** @type {import("../main.js").View["show"]} */
export async function show(main, signal, id) {
  const job = await api.job(id);
  if (signal.aborted) return;
  document.title = `${t("share.title")} · ${job.filename}`;
  const list = h("ul", { class: "jobs" });
  const nothing = h("p", { class: "soft" }, t("share.none"));
  const made = h("div", { "aria-live": "polite" });
  const heading = h("h2", { id: "links-title", tabindex: "-1" }, t("share.links"));
  const refresh = async () => {
    const shares = await api.shares(id);
    list.replaceChildren(...shares.map((share) => row(share, () => end(share.id))));
    nothing.hidden = shares.length > 0;
  };
  /** @param {string} share */
  const end = async (share) => {
    await api.endShare(id, share);
    made.querySelector(`[data-share="${share}"]`)?.remove();
    await refresh();
    heading.focus();
  };
  main.classList.add("share");
  main.append(
    h(
      "a",
      { href: `#/job/${id}`, class: "back" },
      icon("left"),
      h("span", { dir: "auto" }, job.filename),
    ),
    h("div", {}, h("h1", {}, t("share.title")), h("p", { class: "soft" }, t("share.text"))),
    form(id, async (share) => {
      const { element, address } = link(share);
      made.replaceChildren(element);
      address.select();
      await refresh();
    }),
    made,
    h("section", { "aria-labelledby": "links-title" }, heading, list, nothing),
  );
  await refresh();
}

/**
 * @param {string} id
 * @param {(share: ShareMade) => Promise<void>} done
 */
function form(id, done) {
  const name = h("input", {
    id: "s-name",
    maxlength: "100",
    dir: "auto",
    placeholder: t("share.name.example"),
    autocomplete: "off",
  });
  const expires = h(
    "select",
    { id: "s-expires" },
    PERIODS.map(([seconds, label]) =>
      h("option", { value: seconds || "", selected: seconds === USUAL }, t(label)),
    ),
  );
  const make = async () => {
    const share = await api.share(id, {
      name: name.value.trim() || null,
      expiresIn: Number(expires.value) || null,
    });
    name.value = "";
    await done(share);
  };
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    make().catch(complain);
  };
  return h(
    "form",
    { class: "sheet", on: { submit } },
    h("div", { class: "pairs" }, field("share.name", name), field("share.expires", expires)),
    h("div", { class: "row" }, h("button", { class: "main" }, icon("link"), t("share.make"))),
  );
}

/** @type {(key: string, control: HTMLElement) => HTMLElement} */
function field(key, control) {
  return h(
    "div",
    { class: "field" },
    h("label", { for: control.id }, t(key)),
    control,
    h("p", { class: "hint" }, t(`${key}.hint`)),
  );
}

/**
 * A new link, which is shown only once.
 * @param {ShareMade} share
 */
function link({ id, token }) {
  const url = new URL(`#/shared/${token}`, location.href.split("#")[0]).href;
  const address = h("input", { id: "s-link", readonly: true, value: url, dir: "ltr" });
  address.addEventListener("focus", () => address.select());
  const copyLink = async () => {
    await copy(url);
    say(t("share.copied"));
  };
  const element = h(
    "div",
    { class: "note", data: { share: id } },
    h(
      "div",
      { class: "field grow" },
      h("label", { for: "s-link" }, t("share.link")),
      address,
      h("p", { class: "hint" }, t("share.once")),
    ),
    h(
      "button",
      { type: "button", class: "main", on: { click: () => copyLink().catch(complain) } },
      t("share.copy"),
    ),
  );
  return { element, address };
}

/**
 * @param {ShareShown} share
 * @param {() => Promise<void>} end
 */
function row({ name, created, expires }, end) {
  const title = name ?? t("share.unnamed");
  const until = expires ? t("share.until", { day: day(expires) }) : t("share.never");
  return h(
    "li",
    { class: "job" },
    h(
      "div",
      { class: "grow" },
      h("span", { class: "name", dir: "auto" }, title),
      h("p", { class: "soft small" }, `${t("share.made", { day: day(created) })} · ${until}`),
    ),
    h(
      "button",
      {
        type: "button",
        class: "danger",
        "aria-label": t("share.end.link", { name: title }),
        on: { click: () => end().catch(complain) },
      },
      t("share.end"),
    ),
  );
}
