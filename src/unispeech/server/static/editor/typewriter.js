// Typewriter mode: the line with the caret stays at the same height of the window while one types.

import { selection } from "../dom.js";
import { settings } from "../settings.js";

const HEIGHT = 0.42; // of the window
const SLACK = 6; // pixels

export const isTypewriter = () => Boolean(settings.get("typewriter", false));

export function toggleTypewriter() {
  settings.set("typewriter", !isTypewriter());
  centre();
}

/**
 * Keep the caret in place in a transcript.
 * @param {HTMLElement} element
 */
export function typewriter(element) {
  for (const name of ["input", "keyup", "focusin"])
    element.addEventListener(name, () => {
      if (isTypewriter()) requestAnimationFrame(centre);
    });
}

function centre() {
  const { activeElement } = document;
  if (!isTypewriter() || !(activeElement instanceof HTMLElement)) return;
  if (!activeElement.isContentEditable) return;
  const { rangeCount } = selection();
  const range = rangeCount ? selection().getRangeAt(0) : null;
  const box = range?.getClientRects()[0] ?? activeElement.getBoundingClientRect();
  const by = box.top - innerHeight * HEIGHT;
  if (Math.abs(by) > SLACK) scrollBy({ top: by });
}
