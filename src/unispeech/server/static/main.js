// Where the page begins: the words, the header, and which view an address shows.

import * as api from "./api.js";
import { h, iconButton, put } from "./dom.js";
import { pause } from "./events.js";
import { openMenu } from "./menu.js";
import { complain } from "./messages.js";
import { applyTheme, settings } from "./settings.js";
import { LANGUAGES, language, loadLanguage, t } from "./strings/index.js";

const main = document.getElementById("main");

/** Addresses and the views they show. A view is a module with `show(main, {signal}, ...parts)`. */
const VIEWS = [
  [/^#\/job\/([\w-]+)$/, () => import("./views/job.js")],
  [/^#\/job\/([\w-]+)\/export$/, () => import("./views/export.js")],
  [/^#\/job\/([\w-]+)\/share$/, () => import("./views/share.js")],
  [/^#\/shared\/([\w.~-]+)$/, () => import("./views/shared.js")],
  [/^#\/live$/, () => import("./views/live.js")],
  [/^(#\/?)?$/, () => import("./views/recordings.js")],
];

let view = null; // the AbortController of what is shown
let asking = false; // for the key

async function route({ focus = true } = {}) {
  const found = VIEWS.find(([address]) => address.test(location.hash));
  if (!found) return location.replace("#/");
  view?.abort();
  const mine = new AbortController();
  view = mine;
  document.body.className = "";
  header();
  try {
    const module = await found[1]();
    if (mine.signal.aborted) return;
    main.replaceChildren();
    main.className = "";
    const parts = location.hash
      .match(found[0])
      .slice(1)
      .map((part) => part && decodeURIComponent(part));
    await module.show(main, mine.signal, ...parts);
  } catch (error) {
    if (!mine.signal.aborted) failed(error, mine.signal);
  }
  if (focus && !mine.signal.aborted && !main.contains(document.activeElement))
    main.focus({ preventScroll: true });
}

function failed(error, signal) {
  if (error.status === 401) return needKey();
  if (error.name === "AbortError") return;
  const reads = location.hash.startsWith("#/shared/"); // who has only a link has no list
  const gone = error.status === 404;
  const again = h(
    "button",
    { type: "button", class: gone && !reads ? null : "main", on: { click: () => route() } },
    t("trouble.again"),
  );
  const away = h("a", { class: gone ? "button main" : "button", href: "#/" }, t("nav.recordings"));
  main.replaceChildren(
    h(
      "div",
      { class: "nothing" },
      h("h1", {}, t(gone ? "gone.title" : "trouble.title")),
      h("p", { class: "soft" }, error.message ?? String(error)),
      h("div", { class: "row" }, reads ? again : gone ? [away, again] : [again, away]),
    ),
  );
  if (error.status) return;
  console.error(error);
  const missing = /import/i.test(error.message); // a browser asks for a module once in a page's life
  if (missing || error instanceof api.Trouble)
    returned(signal).then((there) => there && (missing ? location.reload() : route()));
}

/** Whether the server answers again while what failed is still wanted. */
async function returned(signal) {
  while (!signal.aborted) {
    await pause(1000, signal);
    if (
      !signal.aborted &&
      (await fetch("healthz").then(
        (answer) => answer.ok,
        () => false,
      ))
    )
      return true;
  }
  return false;
}

async function needKey() {
  if (asking || location.hash.startsWith("#/shared/")) return;
  asking = true;
  const { show, askOver } = await import("./views/key.js");
  if (document.body.classList.contains("editing")) {
    await askOver(); // what was typed stays, and is saved with the new key
    asking = false;
    return document.dispatchEvent(new CustomEvent("key-given"));
  }
  view?.abort();
  show(main, () => {
    asking = false;
    api.forgetInfo();
    route();
  });
}

function header() {
  const reads = location.hash.startsWith("#/shared/");
  const at = (address) => (address.test(location.hash) ? "page" : null);
  const nav = document.getElementById("nav");
  put(nav, "aria-label", t("nav.label"));
  nav.replaceChildren(
    ...(reads
      ? []
      : [
          h("a", { href: "#/", "aria-current": at(/^#?\/?$/) }, t("nav.recordings")),
          h("a", { href: "#/live", "aria-current": at(/^#\/live$/) }, t("nav.live")),
        ]),
  );
  document.getElementById("skip").textContent = t("nav.skip");
  document.getElementById("settings").replaceChildren(
    iconButton("gear", t("settings.title"), {
      "aria-haspopup": "menu",
      on: { click: (event) => choices(event.currentTarget) },
    }),
  );
}

function choices(button) {
  const theme = settings.get("theme", "system");
  openMenu(
    button,
    [
      ...["system", "light", "dark"].map((name) => ({
        label: t(`settings.theme.${name}`),
        checked: name === theme,
        run: () => {
          settings.set("theme", name);
          applyTheme(name);
        },
      })),
      null,
      ...Object.entries(LANGUAGES).map(([name, label]) => ({
        label: h("span", { lang: name }, label),
        checked: name === language,
        run: () => speak(name),
      })),
      ...(settings.key
        ? [
            null,
            {
              label: t("settings.forget"),
              run: () => {
                settings.setKey("", false);
                api.forgetInfo();
                route();
              },
            },
          ]
        : []),
    ],
    t("settings.title"),
  );
}

async function speak(name) {
  settings.set("language", name);
  await loadLanguage();
  await route({ focus: false });
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener("key-needed", needKey);
addEventListener("hashchange", () => route());
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  complain(event.reason);
});

applyTheme();
await loadLanguage();
await route({ focus: false });
