// A menu opened by a button, with arrow keys, Home, End and Escape. Choosing an entry closes it.

/** @import { Child } from "./dom.js" */

import { h } from "./dom.js";

/**
 * Menu entry; `checked` makes it a radio item.
 * @typedef {{
 *   label: Child, keys?: string, run: () => unknown, danger?: boolean, checked?: boolean,
 * }} Item
 */

const ENTRIES = "[role^='menuitem']:not(:disabled)";

/**
 * Open a menu below `button`.
 * @param {HTMLElement} button
 * @param {(Item | null)[]} items null is a separator
 * @param {string} label
 */
export function openMenu(button, items, label) {
  const menu = h("div", { class: "menu", role: "menu", popover: "auto", "aria-label": label });
  for (const item of items) menu.append(item ? entry(item, menu) : h("hr"));
  (button.closest("header, main") ?? document.body).append(menu); // in a landmark
  menu.addEventListener("keydown", (event) => move(event, menu));
  const closed = new AbortController();
  addEventListener("resize", () => beside(menu, button), { signal: closed.signal });
  menu.addEventListener("toggle", (event) => {
    button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed") {
      closed.abort();
      const inside = menu.contains(document.activeElement);
      menu.remove();
      if (inside) button.focus();
    }
  });
  menu.showPopover();
  beside(menu, button);
  entriesOf(menu)[0]?.focus();
}

/**
 * @param {HTMLElement} menu
 * @returns {HTMLElement[]}
 */
const entriesOf = (menu) => Array.from(menu.querySelectorAll(ENTRIES));

/**
 * @param {Item} item
 * @param {HTMLElement} menu
 */
function entry({ label, keys, run, danger, checked }, menu) {
  const choose = () => {
    menu.hidePopover();
    run();
  };
  return h(
    "button",
    {
      type: "button",
      role: checked === undefined ? "menuitem" : "menuitemradio",
      tabindex: "-1",
      "aria-checked": checked === undefined ? null : String(checked),
      class: danger ? "danger" : null,
      on: { click: choose },
    },
    label,
    keys ? h("kbd", {}, h("bdi", { dir: "ltr" }, keys)) : null,
  );
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} menu
 */
function move(event, menu) {
  const entries = entriesOf(menu);
  const focused = document.activeElement;
  const here = focused instanceof HTMLElement ? entries.indexOf(focused) : -1;
  /** @type {Record<string, number>} */
  const targets = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 };
  const target = targets[event.key];
  if (event.key === "Tab") return menu.hidePopover();
  if (target === undefined) return;
  event.preventDefault();
  entries.at(target % entries.length)?.focus();
}

/**
 * @param {HTMLElement} menu
 * @param {HTMLElement} button
 */
function beside(menu, button) {
  const at = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const [atStart, atEnd] = [at.left, at.right - size.width];
  const isRightToLeft = getComputedStyle(button).direction === "rtl";
  const overflows = isRightToLeft ? atEnd < 8 : atStart + size.width > innerWidth - 8;
  const left = overflows === isRightToLeft ? atStart : atEnd;
  const above = at.bottom + size.height > innerHeight - 8;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - size.width - 8))}px`;
  menu.style.top = `${Math.max(8, above ? at.top - size.height - 4 : at.bottom + 4)}px`;
}
