// Tab of the history: each version with what it changed.

/** @import { JobShown, RevisionShown } from "../service.d.ts" */
/** @import { Difference, Piece } from "../transcript/difference.js" */

import * as api from "../api.js";
import { h } from "../dom.js";
import { complain } from "../messages.js";
import { day, t } from "../strings/index.js";
import { difference } from "../transcript/difference.js";
import { clock } from "../transcript/times.js";

const VERSIONS = 12; // compared versions; older ones are in the dialog
const CHANGES = 3; // shown changes of a version

/** @type {Map<string, Promise<Difference>>} */
const known = new Map(); // versions never change

/**
 * What a version changed.
 * @param {string} job
 * @param {number} before
 * @param {number} number
 */
export function differenceOf(job, before, number) {
  const name = `${job} ${before} ${number}`;
  const stored = known.get(name);
  if (stored) return stored;
  const found = Promise.all([api.revision(job, before), api.revision(job, number)]).then(
    ([old, current]) => difference(old.segments, current.segments),
  );
  found.catch(() => known.delete(name));
  known.set(name, found);
  return found;
}

export class HistoryTab {
  name = "history";
  element = h("div", { class: "desk-history" });
  #list = h("ol", { class: "versions" });
  #newest = 0; // number of the newest version shown
  #job;

  /** @param {{ job: JobShown }} page */
  constructor({ job }) {
    this.#job = job.id;
    this.element.append(
      this.#list,
      h("button", { type: "button", data: { command: "history" } }, t("revision.open")),
    );
  }

  draw = () => {
    this.#load().catch(complain);
  };

  async #load() {
    const revisions = await api.revisions(this.#job);
    if (revisions[0]?.number === this.#newest) return;
    this.#newest = revisions[0]?.number ?? 0;
    const shown = revisions.slice(0, VERSIONS);
    this.#list.replaceChildren(
      ...shown.map((revision, index) => this.#row(revision, revisions[index + 1])),
    );
  }

  /**
   * @param {RevisionShown} revision
   * @param {RevisionShown | undefined} before
   */
  #row({ number, created, kind, author }, before) {
    const changes = h("div", { class: "changes small" });
    if (before)
      differenceOf(this.#job, before.number, number).then(
        (found) => changes.replaceChildren(...changeLines(found, CHANGES)),
        () => {},
      );
    return h(
      "li",
      {},
      h(
        "p",
        { class: "small" },
        h("time", {}, day(created)),
        h("span", { class: "soft" }, ` ${t(`revision.${kind}`)}${author ? `, ${author}` : ""}`),
      ),
      changes,
    );
  }
}

/**
 * Lines that show a difference, at most `most` changes of text.
 * @param {Difference} found
 * @param {number} most
 */
export function changeLines({ changes, speakers, times }, most) {
  const rest = changes.length - most;
  const notes = [
    rest > 0 ? t("checks.more", { count: rest }) : "",
    speakers ? t("revision.speakers", { count: speakers }) : "",
    times ? t("revision.times", { count: times }) : "",
    changes.length || speakers || times ? "" : t("revision.alike"),
  ].filter(Boolean);
  return [
    ...changes.slice(0, most).map(({ start, pieces }) =>
      h(
        "p",
        { dir: "auto" },
        h("time", { class: "soft" }, clock(start)),
        " ",
        shortened(pieces).flatMap((piece) => [pieceElement(piece), " "]),
      ),
    ),
    ...notes.map((note) => h("p", { class: "soft" }, note)),
  ];
}

/** @param {Piece} piece */
const pieceElement = ({ kind, text }) =>
  h(kind === "out" ? "del" : kind === "in" ? "ins" : "span", {}, text);

/**
 * Pieces with long unchanged text cut to the words beside the changes.
 * @param {Piece[]} pieces
 */
function shortened(pieces) {
  return pieces.map((piece, index) => {
    const words = piece.text.split(" ");
    if (piece.kind !== "same" || words.length <= 8) return piece;
    const head = index ? words.slice(0, 3) : [];
    const tail = index < pieces.length - 1 ? words.slice(-3) : [];
    return { ...piece, text: [...head, "…", ...tail].join(" ") };
  });
}
