// Scroll position of the views: a new view starts at its top, one that is returned to at its old place.

const PATIENCE = 3000; // milliseconds in which a view may grow to the height that it had

/** @type {Map<unknown, number>} */
const places = new Map(); // by entry of the history
/** @type {unknown} */
let entry = null;

history.scrollRestoration = "manual";
addEventListener("scroll", () => places.set(entry, scrollY), { passive: true });

/**
 * Make the current entry of the history the one whose place is kept; call after every change of the address.
 * Return its earlier place; 0 for a new entry.
 */
export function enter() {
  entry = history.state?.entry ?? null;
  if (entry === null) {
    entry = Date.now();
    history.replaceState({ entry }, "");
  }
  return places.get(entry) ?? 0;
}

/**
 * Scroll to a place as soon as the element is high enough, unless the user scrolls first.
 * @param {HTMLElement} element
 * @param {number} top pixels
 * @param {AbortSignal} signal
 */
export function scrollIn(element, top, signal) {
  const isThere = () => {
    scrollTo(0, top);
    return scrollY >= top - 1;
  };
  if (isThere()) return;
  const observer = new ResizeObserver(() => isThere() && end());
  const end = () => observer.disconnect();
  observer.observe(element);
  const ended = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  ended.addEventListener("abort", end, { once: true });
  for (const type of ["wheel", "touchstart", "keydown", "pointerdown"])
    addEventListener(type, end, { signal: ended, once: true, passive: true });
}
