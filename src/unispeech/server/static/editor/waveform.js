// Waveform: the surroundings of the player position in detail, and the whole recording as a slider below.

/** @import { Player } from "./player.js" */

import { h } from "../dom.js";
import { t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { Peaks } from "./peaks.js";

const NEAR = 7; // pixels within which a press grabs an edge of the segment
const BAR = 3; // pixels of a bar and its gap
const SHORTEST = 0.05; // seconds; shortest segment after moving an edge

/**
 * Segment whose edges can be moved unless `fixed`.
 * @typedef {{ key: number, start: number, end: number, fixed?: boolean }} Marked
 * @typedef {{ segment: Marked | null, gaps: { start: number, end: number }[] }} Shown
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
  /** @type {Shown} */
  #shown = { segment: null, gaps: [] };
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
    this.element = h("div", { class: "waveform" }, detail, this.#slider);
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
    this.#seconds = width < 560 ? 10 : 20;
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
    if (!segment) return;
    fill(segment, "--tint");
    pen.fillStyle = style.getPropertyValue("--accent");
    for (const time of [segment.start, segment.end])
      pen.fillRect(Math.round(this.#x(time)) - 1, 0, 2, height);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {number} height
   * @param {CSSStyleDeclaration} style
   */
  #drawSwings(pen, height, style) {
    const { segment } = this.#shown;
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

  /** A press seeks; a press on an edge of the segment moves the edge. */
  #listenToPointer() {
    const canvas = this.#canvas;
    /** @type {"start" | "end" | null} */
    let edge = null;
    canvas.addEventListener("pointerdown", (event) => {
      edge = this.#edgeAt(event.offsetX);
      if (edge) canvas.setPointerCapture(event.pointerId);
      else this.#player.seek(this.#timeAt(event.offsetX));
    });
    canvas.addEventListener("pointermove", (event) => {
      const isOnEdge = edge || this.#edgeAt(event.offsetX);
      canvas.style.cursor = isOnEdge ? "ew-resize" : "pointer";
      if (edge) this.#moveEdge(edge, this.#timeAt(event.offsetX));
    });
    canvas.addEventListener("pointerup", () => {
      const { segment } = this.#shown;
      if (edge && segment) this.#moved(segment);
      edge = null;
    });
  }

  /** @param {number} x */
  #edgeAt(x) {
    const { segment } = this.#shown;
    if (!segment || segment.fixed) return null;
    if (Math.abs(x - this.#x(segment.end)) < NEAR) return "end";
    return Math.abs(x - this.#x(segment.start)) < NEAR ? "start" : null;
  }

  /**
   * @param {"start" | "end"} edge
   * @param {number} time
   */
  #moveEdge(edge, time) {
    const { segment } = this.#shown;
    if (!segment) return;
    const moved =
      edge === "start"
        ? Math.min(Math.max(0, time), segment.end - SHORTEST)
        : Math.max(time, segment.start + SHORTEST);
    this.show({ segment: { ...segment, [edge]: moved } });
  }
}
