// Create and change elements without a framework.

/**
 * @typedef {Node | string | number | false | null | undefined} Leaf
 * @typedef {Leaf | Child[]} Child
 * @typedef {string | number | boolean | null | undefined} Attribute
 * @typedef {{ [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => unknown }} Listeners
 * @typedef {{ on?: Listeners, data?: Record<string, string> } & { [name: string]: Attribute | Listeners | Record<string, string> }} Properties
 */

/**
 * Create an element. Properties: `on` {event: listener}, `data` {name: value}, `class`; all others are
 * attributes (true sets an empty attribute; false, null and undefined omit it). Children: nodes, strings,
 * lists of them; null is skipped. Strings are never parsed as HTML.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Properties} [properties]
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function h(name, { on = {}, data = {}, value, ...attributes } = {}, ...children) {
  const element = document.createElement(name);
  const listeners = /** @type {[string, EventListener][]} */ (Object.entries(on));
  for (const [event, listener] of listeners) element.addEventListener(event, listener);
  Object.assign(element.dataset, data);
  for (const [key, attribute] of Object.entries(attributes)) put(element, key, attribute);
  if (value !== undefined) Object.assign(element, { value }); // after min and max, which clamp it
  element.append(...leaves(children));
  return element;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function leaves(children) {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return leaves(child);
    if (child === null || child === undefined || child === false) return [];
    return [typeof child === "number" ? String(child) : child];
  });
}

/**
 * Set or remove an attribute.
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function put(element, name, value) {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * Element of index.html by id.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * Closest ancestor of an event's target that matches a selector, or the target itself.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function around(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}

/** The selection. It is null only in a frame that is not displayed. */
export const selection = () => /** @type {Selection} */ (getSelection());

/** @type {Record<string, string>} */
const PATHS = {
  play: "M7 4.5v15l12-7.5z",
  pause: "M8 5v14M16 5v14",
  back: "M4 5v5h5M4.5 10a8 8 0 1 1-.3 5",
  forward: "M20 5v5h-5M19.5 10a8 8 0 1 0 .3 5",
  loop: "M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4",
  undo: "M8 5L4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "M16 5l4 4-4 4M20 9H10a6 6 0 0 0 0 12h3",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 20.500h4",
  more: "M5 11.6a.4.4 0 1 1 0 .8.4.4 0 1 1 0-.8M12 11.6a.4.4 0 1 1 0 .8.4.4 0 1 1 0-.8M19 11.6a.4.4 0 1 1 0 .8.4.4 0 1 1 0-.8",
  plus: "M12 5v14M5 12h14",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  mic: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5 11a7 7 0 0 0 14 0M12 18v3",
  file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  share: "M12 15V4M8 7l4-4 4 4M5 12v7a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-7",
  close: "M6 6l12 12M18 6L6 18",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  again: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4l3 2",
  keys: "M4 7h16v10H4zM7 10.5h.01M10.5 10.5h.01M14 10.5h.01M17 10.5h.01M8 14h8",
  gear: "M4 7h9M17 7h3M15 4.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5zM4 17h3M11 17h9M9 14.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z",
  zoomIn: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5M8 11h6M11 8v6",
  zoomOut: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l5 5M8 11h6",
  panel: "M4 5h16v14H4zM14 5v14",
  left: "M15 6l-6 6 6 6",
  stop: "M7 7h10v10H7z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  big: "M3 19l6-14 6 14M5 14.500h8M16 19l3-7 3 7M17 17h4",
};

/** Icons that point along the line of writing: mirrored if it runs from right to left. */
const DIRECTED = ["left", "undo", "redo", "panel"];

/**
 * Icon beside or in place of a label; hidden from screen readers.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", DIRECTED.includes(name) ? "icon directed" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/**
 * Button with an icon and an accessible label.
 * @param {string} name
 * @param {string} label
 * @param {Properties} [properties]
 */
export function iconButton(name, label, properties = {}) {
  return h(
    "button",
    { type: "button", class: "icon bare", "aria-label": label, title: label, ...properties },
    icon(name),
  );
}
