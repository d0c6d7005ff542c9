// Links that let others read and hear one recording, and nothing more.

import * as api from "../api.js";
import { copy } from "../clipboard.js";
import { h, icon } from "../dom.js";
import { complain, say } from "../messages.js";
import { day, t } from "../strings/index.js";

const DAY = 86_400;

export async function show(main, signal, id) {
  const job = await api.job(id);
  if (signal.aborted) return;
  document.title = `${t("share.title")} · ${job.filename}`;
  const list = h("ul", { class: "jobs" });
  const nothing = h("p", { class: "soft" }, t("share.none"));
  const fresh = h("div", { "aria-live": "polite" });
  const refresh = async () => {
    const found = await api.shares(id);
    list.replaceChildren(...found.map((one) => row(id, one, ended)));
    nothing.hidden = found.length > 0;
  };
  const ended = async (share) => {
    fresh.querySelector(`[data-share="${share}"]`)?.remove();
    await refresh();
    links.focus();
  };
  const links = h("h2", { id: "links-title", tabindex: "-1" }, t("share.links"));
  main.classList.add("share");
  main.append(
    h(
      "a",
      { href: `#/job/${id}`, class: "back" },
      icon("left"),
      h("span", { dir: "auto" }, job.filename),
    ),
    h("div", {}, h("h1", {}, t("share.title")), h("p", { class: "soft" }, t("share.text"))),
    form(id, fresh, refresh),
    fresh,
    h("section", { "aria-labelledby": "links-title" }, links, list, nothing),
  );
  await refresh();
}

function form(id, fresh, refresh) {
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
    [
      [DAY, "share.day"],
      [7 * DAY, "share.week"],
      [30 * DAY, "share.month"],
      ["", "share.never"],
    ].map(([value, label]) =>
      h("option", { value: String(value), selected: value === 7 * DAY }, t(label)),
    ),
  );
  const make = async (event) => {
    event.preventDefault();
    const made = await api.share(id, {
      name: name.value.trim() || null,
      expiresIn: Number(expires.value) || null,
    });
    name.value = "";
    fresh.replaceChildren(link(made));
    fresh.querySelector("input").select();
    await refresh();
  };
  return h(
    "form",
    {
      class: "sheet",
      on: {
        submit: (event) => {
          event.preventDefault();
          make(event).catch(complain);
        },
      },
    },
    h(
      "div",
      { class: "pairs" },
      h(
        "div",
        { class: "field" },
        h("label", { for: "s-name" }, t("share.name")),
        name,
        h("p", { class: "hint" }, t("share.name.hint")),
      ),
      h(
        "div",
        { class: "field" },
        h("label", { for: "s-expires" }, t("share.expires")),
        expires,
        h("p", { class: "hint" }, t("share.expires.hint")),
      ),
    ),
    h("div", { class: "row" }, h("button", { class: "main" }, icon("link"), t("share.make"))),
  );
}

function link(made) {
  const address = new URL(`#/shared/${made.token}`, location.href.split("#")[0]).href;
  const field = h("input", {
    id: "s-link",
    readonly: true,
    value: address,
    dir: "ltr",
    on: { focus: (event) => event.target.select() },
  });
  const copied = async () => {
    await copy(address);
    say(t("share.copied"));
  };
  return h(
    "div",
    { class: "note", data: { share: made.id } },
    h(
      "div",
      { class: "field grow" },
      h("label", { for: "s-link" }, t("share.link")),
      field,
      h("p", { class: "hint" }, t("share.once")),
    ),
    h(
      "button",
      { type: "button", class: "main", on: { click: () => copied().catch(complain) } },
      t("share.copy"),
    ),
  );
}

function row(id, share, ended) {
  const name = share.name ?? t("share.unnamed");
  return h(
    "li",
    { class: "job" },
    h(
      "div",
      { class: "grow" },
      h("span", { class: "name", dir: "auto" }, name),
      h(
        "p",
        { class: "soft small" },
        [
          t("share.made", { day: day(share.created) }),
          share.expires ? t("share.until", { day: day(share.expires) }) : t("share.never"),
        ].join(" · "),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        class: "danger",
        "aria-label": t("share.end.link", { name }),
        on: {
          click: () =>
            api
              .endShare(id, share.id)
              .then(() => ended(share.id))
              .catch(complain),
        },
      },
      t("share.end"),
    ),
  );
}
