// Waveform: the surroundings of the player position in detail, and the whole recording as a slider below.

/** @import { Player } from "./player.js" */

import { h } from "../dom.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { clock, lastBegun } from "../transcript/times.js";
import { Peaks } from "./peaks.js";

const NEAR = 6; // pixels within which a press grabs an edge of a segment
/** Seconds across the waveform, by zoom. */
const SPANS = [2.5, 5, 10, 20, 40, 80, 160];
const BAR = 3; // pixels of a bar and its gap
const SHORTEST = 0.05; // seconds; shortest segment after moving an edge

/**
 * Segment whose edges can be moved unless `fixed`.
 * @typedef {{ key: number, start: number, end: number, fixed?: boolean }} Marked
 * @typedef {{
 *   segment: Marked | null, segments: Marked[], gaps: { start: number, end: number }[],
 * }} Shown `segment` is the one being played, `segments` are all whose edges can be moved
 */

export class Waveform {
  #canvas = h("canvas", { "aria-hidden": "true" });
  #needle = h("span", { class: "needle" });
  #slider = h("input", { type: "range", min: "0", step: "0.1", value: "0" });
  #peaks;
  #player;
  #signal;
  #from = 0; // time at the left edge
  #seconds = 20; // width in seconds
  #span = settings.get("zoom", innerWidth < 560 ? 2 : 3); // index in SPANS
  /** @type {Shown} */
  #shown = { segment: null, segments: [], gaps: [] };
  /** @type {{ segment: Marked, edge: "start" | "end" } | null} */
  #grabbed = null; // the edge being moved; its segment has the new time
  /** @type {(segment: Marked) => void} */
  #moved = () => {};
  #isPlanned = false;

  /**
   * @param {string} base
   * @param {Player} player
   * @param {AbortSignal} signal
   */
  constructor(base, player, signal) {
    this.#player = player;
    this.#signal = signal;
    this.#peaks = new Peaks(base, player.length, () => this.#plan());
    this.#slider.max = String(Math.max(1, player.length));
    this.#slider.ariaLabel = t("player.position");
    this.#slider.addEventListener("input", () => player.seek(Number(this.#slider.value)));
    const detail = h("div", { class: "detail" }, this.#canvas, this.#needle);
    this.element = h("div", { class: "waveform", dir: "ltr" }, detail, this.#slider);
    player.onTime((time) => this.#follow(time));
    this.#redrawOnChange();
    this.#listenToPointer();
  }

  /** @param {Partial<Shown>} shown */
  show(shown) {
    this.#shown = { ...this.#shown, ...shown };
    this.#plan();
  }

  /**
   * Show more of the recording, or less of it if negative, around the player's position.
   * @param {number} by steps
   */
  zoom(by) {
    this.#span = Math.max(0, Math.min(SPANS.length - 1, this.#span + by));
    settings.set("zoom", this.#span);
    this.#seconds = SPANS[this.#span];
    const { time, length } = this.#player;
    this.#from = Math.max(0, Math.min(time - this.#seconds / 3, length - this.#seconds));
    this.#plan();
    this.#follow(time);
  }

  /**
   * Call `callback` with a segment whose edge was moved.
   * @param {(segment: Marked) => void} callback
   */
  onMove(callback) {
    this.#moved = callback;
  }

  #redrawOnChange() {
    const signal = this.#signal;
    const resized = new ResizeObserver(() => {
      this.#plan();
      this.#follow(this.#player.time);
    });
    resized.observe(this.#canvas);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.#plan(), { signal });
    const themed = new MutationObserver(() => this.#plan());
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    signal.addEventListener("abort", () => themed.disconnect(), { once: true });
  }

  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      if (!this.#signal.aborted) this.#draw();
    });
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const pen = this.#canvas.getContext("2d");
    if (!width || !pen) return;
    const scale = devicePixelRatio || 1;
    const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== columns || this.#canvas.height !== rows)
      Object.assign(this.#canvas, { width: columns, height: rows });
    this.#seconds = SPANS[this.#span];
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.element);
    this.#drawSpans(pen, height, style);
    this.#drawSwings(pen, height, style);
  }

  /** @param {number} time */
  #x(time) {
    return ((time - this.#from) / this.#seconds) * this.#canvas.clientWidth;
  }

  /** @param {number} x */
  #timeAt(x) {
    return this.#from + (x / this.#canvas.clientWidth) * this.#seconds;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} height
   * @param {CSSStyleDeclaration} style
   */
  #drawSpans(pen, height, style) {
    const { segment, gaps } = this.#shown;
    /** @type {(span: { start: number, end: number }, colour: string) => void} */
    const fill = ({ start, end }, colour) => {
      if (end < this.#from || start > this.#from + this.#seconds) return;
      pen.fillStyle = style.getPropertyValue(colour);
      pen.fillRect(this.#x(start), 0, this.#x(end) - this.#x(start), height);
    };
    for (const gap of gaps) fill(gap, "--doubt-tint");
    const sounding = this.#current(segment);
    if (sounding) fill(sounding, "--tint");
    for (const near of this.#near()) {
      const isSounding = near.key === sounding?.key;
      pen.fillStyle = style.getPropertyValue(isSounding ? "--accent" : "--edge");
      for (const time of [near.start, near.end])
        pen.fillRect(Math.round(this.#x(time)) - 1, 0, isSounding ? 2 : 1, height);
    }
    if (!sounding?.fixed) return;
    pen.fillStyle = style.getPropertyValue("--accent");
    for (const time of [sounding.start, sounding.end])
      pen.fillRect(Math.round(this.#x(time)) - 1, 0, 2, height);
  }

  /**
   * A segment with the times of the edge being moved.
   * @template {Marked | null} T
   * @param {T} segment
   * @returns {T | Marked}
   */
  #current(segment) {
    const moved = this.#grabbed?.segment;
    return moved && segment?.key === moved.key ? moved : segment;
  }

  /** Segments on the waveform. */
  #near() {
    const { segments } = this.#shown;
    const until = this.#from + this.#seconds;
    const first = Math.max(0, lastBegun(segments, this.#from) - 1);
    const near = [];
    for (let at = first; at < segments.length && segments[at].start <= until; at++)
      near.push(/** @type {Marked} */ (this.#current(segments[at])));
    return near;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} height
   * @param {CSSStyleDeclaration} style
   */
  #drawSwings(pen, height, style) {
    const segment = this.#current(this.#shown.segment);
    const [inside, outside] = ["--accent", "--edge"].map((name) => style.getPropertyValue(name));
    const unit = (height / 2 - 2) / 128;
    for (let x = 0; x < this.#canvas.clientWidth; x += BAR) {
      const time = this.#timeAt(x);
      const [low, high] = this.#peaks.swing(time, this.#timeAt(x + BAR));
      const isInside = segment && time >= segment.start && time < segment.end;
      pen.fillStyle = isInside ? inside : outside;
      pen.fillRect(x, height / 2 - high * unit, BAR - 1, Math.max(1, (high - low) * unit));
    }
  }

  /** @param {number} time */
  #follow(time) {
    const { length } = this.#player;
    if (time < this.#from || time > this.#from + this.#seconds * 0.95) {
      const from = Math.min(time - this.#seconds * 0.1, length - this.#seconds);
      this.#from = Math.max(0, from);
      this.#plan();
    }
    this.#needle.style.transform = `translateX(${this.#x(time)}px)`;
    if (!this.#slider.matches(":focus:active")) this.#slider.value = String(time);
    const text = t("player.at", { time: clock(time), all: clock(length) });
    if (this.#slider.ariaValueText !== text) this.#slider.ariaValueText = text;
  }

  /** A press seeks; a press on an edge of a segment moves the edge; the wheel with Ctrl zooms. */
  #listenToPointer() {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      this.#grabbed = this.#edgeAt(event.offsetX);
      if (this.#grabbed) canvas.setPointerCapture(event.pointerId);
      else this.#player.seek(this.#timeAt(event.offsetX));
    });
    canvas.addEventListener("pointermove", (event) => {
      const isOnEdge = this.#grabbed || this.#edgeAt(event.offsetX);
      canvas.style.cursor = isOnEdge ? "ew-resize" : "pointer";
      if (this.#grabbed) this.#moveEdge(this.#timeAt(event.offsetX));
    });
    canvas.addEventListener("pointerup", () => {
      const grabbed = this.#grabbed;
      this.#grabbed = null;
      if (grabbed) this.#moved(grabbed.segment);
      this.#plan();
    });
    canvas.addEventListener("pointercancel", () => {
      this.#grabbed = null;
      this.#plan();
    });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(Math.sign(event.deltaY));
    });
  }

  /**
   * The nearest edge to a place; of two equal ones that of the segment being played.
   * @param {number} x
   * @returns {{ segment: Marked, edge: "start" | "end" } | null}
   */
  #edgeAt(x) {
    const sounding = this.#shown.segment;
    /** @type {{ segment: Marked, edge: "start" | "end", far: number }[]} */
    const edges = this.#near().flatMap((segment) =>
      /** @type {const} */ (["end", "start"]).map((edge) => ({
        segment,
        edge,
        far: Math.abs(x - this.#x(segment[edge])) + (segment.key === sounding?.key ? 0 : 0.5),
      })),
    );
    const [nearest] = edges.toSorted((a, b) => a.far - b.far);
    return nearest && nearest.far < NEAR ? nearest : null;
  }

  /** @param {number} time */
  #moveEdge(time) {
    if (!this.#grabbed) return;
    const { segment, edge } = this.#grabbed;
    const moved =
      edge === "start"
        ? Math.min(Math.max(0, time), segment.end - SHORTEST)
        : Math.max(time, segment.start + SHORTEST);
    this.#grabbed = { edge, segment: { ...segment, [edge]: moved } };
    this.#plan();
  }
}
