// Entry point: strings, header, and the routing of addresses to views.

import * as api from "./api.js";
import { byId, h, iconButton, put } from "./dom.js";
import { serverIsBack } from "./events.js";
import { openMenu } from "./menu.js";
import { complain, keepRoom } from "./messages.js";
import { start as startNotifying } from "./notify.js";
import { enter, scrollIn } from "./scrolling.js";
import { applyTheme, settings } from "./settings.js";
import { LANGUAGES, language, loadLanguage, t } from "./strings/index.js";

const main = byId("main");
const LATE = 400; // milliseconds after which a view says that it loads

/**
 * A view is a module whose `show` renders until `signal` is aborted; `id` comes from the address.
 * @typedef {{ show: (main: HTMLElement, signal: AbortSignal, id: string) => Promise<void> }} View
 */

/**
 * Addresses and their views.
 * @type {[RegExp, () => Promise<View>][]}
 */
const VIEWS = [
  [/^#\/job\/([\w-]+)(?:@[\d.]+)?$/, () => import("./views/job.js")],
  [/^#\/job\/([\w-]+)\/export$/, () => import("./views/export.js")],
  [/^#\/job\/([\w-]+)\/share$/, () => import("./views/share.js")],
  [/^#\/shared\/([\w.~-]+)$/, () => import("./views/shared.js")],
  [/^#\/captions\/([\w-]+)(?:\?.*)?$/, () => import("./views/captions.js")],
  [/^#\/live$/, () => import("./views/live.js")],
  [/^(?:#\/?)?$/, () => import("./views/recordings.js")],
];

/** @type {AbortController | null} of the current view */
let view = null;
let isAskingForKey = false;
/** @type {(() => void) | null} draws the form for the key, while it is in place of a view */
let drawKey = null;

/** True if the page was opened from a link for others, which needs no key and leads nowhere else. */
const isShared = () => /^#\/(shared|captions)\//.test(location.hash);

async function route({ focus = true } = {}) {
  const entry = VIEWS.find(([address]) => address.test(location.hash));
  if (!entry) return location.replace("#/");
  if (drawKey && !isShared()) return header(); // the view follows once the key is accepted
  drawKey = null;
  const [address, load] = entry;
  view?.abort();
  const controller = new AbortController();
  view = controller;
  document.body.className = "";
  header();
  const place = enter();
  const loading = new Loading(controller.signal);
  try {
    const module = await load();
    if (controller.signal.aborted) return;
    main.className = "";
    loading.clear();
    scrollTo(0, 0);
    const id = address.exec(location.hash)?.[1] ?? "";
    await module.show(main, controller.signal, decodeURIComponent(id));
  } catch (error) {
    if (!controller.signal.aborted) showFailure(error, controller.signal);
  } finally {
    loading.end();
  }
  if (place && !controller.signal.aborted) scrollIn(main, place, controller.signal);
  if (focus && !controller.signal.aborted && !main.contains(document.activeElement)) {
    main.focus({ preventScroll: true });
  }
}

/** A line in place of a view that takes long to load. */
class Loading {
  #line = h("p", { class: "loading", role: "status" }, t("loading"));
  #isCleared = false; // of the earlier view
  #timer;

  /** @param {AbortSignal} signal */
  constructor(signal) {
    this.#timer = setTimeout(() => {
      if (!this.#isCleared || !main.firstChild) main.replaceChildren(this.#line);
    }, LATE);
    signal.addEventListener("abort", () => this.end(), { once: true });
  }

  /** Remove the earlier view. */
  clear() {
    this.#isCleared = true;
    main.replaceChildren(...(this.#line.isConnected ? [this.#line] : []));
  }

  end() {
    clearTimeout(this.#timer);
    this.#line.remove();
  }
}

/**
 * @param {unknown} error
 * @param {AbortSignal} signal
 */
function showFailure(error, signal) {
  const status = api.statusOf(error);
  if (status === 401) return needKey();
  if (api.isAbort(error)) return;
  const isMissing = status === 404;
  const again = h(
    "button",
    {
      type: "button",
      class: isMissing && !isShared() ? null : "main",
      on: { click: () => route() },
    },
    t("trouble.again"),
  );
  const away = h(
    "a",
    { class: isMissing ? "button main" : "button", href: "#/" },
    t("nav.recordings"),
  );
  main.replaceChildren(
    h(
      "div",
      { class: "nothing" },
      h("h1", {}, t(isMissing ? "gone.title" : "trouble.title")),
      h("p", { class: "soft" }, api.messageOf(error)),
      h("div", { class: "row" }, isShared() ? again : isMissing ? [away, again] : [again, away]),
    ),
  );
  if (status) return;
  console.error(error);
  const isModule = /import/i.test(api.messageOf(error)); // a browser requests a module only once per page
  if (isModule || error instanceof api.Trouble) recover(isModule, signal);
}

/**
 * Show the view again once the server answers, unless another view has replaced it.
 * @param {boolean} reload
 * @param {AbortSignal} signal
 */
async function recover(reload, signal) {
  await serverIsBack(signal);
  if (!signal.aborted) return reload ? location.reload() : route();
}

async function needKey() {
  if (isAskingForKey || drawKey || isShared()) return;
  isAskingForKey = true;
  const { show, askOver } = await import("./views/key.js");
  if (document.body.classList.contains("editing")) {
    await askOver(); // unsaved edits stay, and are saved with the new key
    isAskingForKey = false;
    document.dispatchEvent(new CustomEvent("key-given"));
    return;
  }
  isAskingForKey = false;
  view?.abort();
  drawKey = () =>
    show(main, () => {
      if (!drawKey) return; // a shared transcript, which needs no key, was opened instead
      drawKey = null;
      api.forgetInfo();
      route();
    });
  drawKey();
}

function header() {
  /** @param {RegExp} address */
  const current = (address) => (address.test(location.hash) ? "page" : null);
  const links = [
    h("a", { href: "#/", "aria-current": current(/^#?\/?$/) }, t("nav.recordings")),
    h("a", { href: "#/live", "aria-current": current(/^#\/live$/) }, t("nav.live")),
  ];
  const nav = byId("nav");
  put(nav, "aria-label", t("nav.label"));
  nav.replaceChildren(...(isShared() ? [] : links));
  byId("skip").textContent = t("nav.skip");
  const gear = iconButton("gear", t("settings.title"), {
    "aria-haspopup": "menu",
    on: { click: () => openSettings(gear) },
  });
  byId("settings").replaceChildren(gear);
}

/** @param {HTMLElement} button */
function openSettings(button) {
  const theme = settings.get("theme", "system");
  const themes = ["system", "light", "dark"].map((name) => ({
    label: t(`settings.theme.${name}`),
    checked: name === theme,
    run: () => {
      settings.set("theme", name);
      applyTheme(name);
    },
  }));
  const languages = Object.entries(LANGUAGES).map(([code, label]) => ({
    label: h("span", { lang: code }, label),
    checked: code === language,
    run: () => chooseLanguage(code),
  }));
  const forget = {
    label: t("settings.forget"),
    run: () => {
      settings.setKey("", false);
      api.forgetInfo();
      route();
    },
  };
  const items = [...themes, null, ...languages, ...(settings.key ? [null, forget] : [])];
  openMenu(button, items, t("settings.title"));
}

/** @param {string} code */
async function chooseLanguage(code) {
  settings.set("language", code);
  await loadLanguage();
  drawKey?.();
  await route({ focus: false });
}

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener("key-needed", needKey);
addEventListener("hashchange", () => route());
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  complain(event.reason);
});

keepRoom();
applyTheme();
await loadLanguage();
await route({ focus: false });
if (!isShared()) startNotifying();
