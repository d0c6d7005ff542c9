// The whole transcript for the printer: the editor itself has only the rows near the screen.

/** @import { Store } from "./store.js" */

import { h } from "../dom.js";
import { passages } from "../transcript/quotation.js";
import { clock } from "../transcript/times.js";

/**
 * Add the text to `main` while the browser prints.
 * @param {HTMLElement} main
 * @param {string} title
 * @param {Store} store
 * @param {AbortSignal} signal
 */
export function printable(main, title, store, signal) {
  /** @type {HTMLElement | null} */
  let page = null;
  const add = () => {
    page?.remove();
    const { segments, language } = store.document;
    const hasSpeakers = segments.some(({ speaker }) => speaker);
    const parts = hasSpeakers ? passages(segments) : passages(segments.map(each));
    page = h(
      "article",
      { class: "printed", lang: language || null },
      h("h1", {}, title),
      parts.map(({ start, speaker, text }) =>
        h(
          "p",
          { dir: "auto" },
          h("time", {}, clock(start)),
          speaker && hasSpeakers ? h("strong", {}, speaker, " ") : null,
          text,
        ),
      ),
    );
    main.append(page);
  };
  addEventListener("beforeprint", add, { signal });
  addEventListener("afterprint", () => page?.remove(), { signal });
}

/**
 * A segment that is not joined with its neighbours.
 * @param {import("../transcript/document.js").Segment} segment
 * @param {number} index
 */
const each = (segment, index) => ({ ...segment, speaker: String(index) });
