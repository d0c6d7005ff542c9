// The sound as a picture: a stretch around the player in detail, and the whole as a slider under it.

import * as api from "../api.js";
import { h } from "../dom.js";
import { t } from "../strings/index.js";
import { clock } from "../transcript/times.js";

const DETAIL = 50; // peaks a second in the picture
const PIECE = 60; // seconds that are asked for at once
const NEAR = 7; // pixels within which an edge of the segment is held

/** {element, show({segment, gaps}), onEdges(callback)}. */
export function waveform(base, player, signal) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const needle = h("span", { class: "needle" });
  const slider = h("input", {
    type: "range",
    min: "0",
    max: String(Math.max(1, player.length)),
    step: "0.1",
    value: "0",
    "aria-label": t("player.position"),
  });
  const element = h(
    "div",
    { class: "waveform" },
    h("div", { class: "detail" }, canvas, needle),
    slider,
  );
  const pieces = new Map();
  let [from, seconds] = [0, 20];
  let marks = { segment: null, gaps: [] };
  let edges = () => {};
  let planned = false;

  function plan() {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => {
      planned = false;
      if (!signal.aborted) draw();
    });
  }

  function draw() {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale))
      [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    seconds = width < 560 ? 10 : 20;
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const colours = getComputedStyle(element);
    spans(pen, width, height, colours);
    swings(pen, width, height, colours);
  }

  const x = (time, width) => ((time - from) / seconds) * width;

  function spans(pen, width, height, colours) {
    for (const gap of marks.gaps)
      fill(pen, gap, width, height, colours.getPropertyValue("--doubt-tint"));
    if (!marks.segment) return;
    fill(pen, marks.segment, width, height, colours.getPropertyValue("--tint"));
    pen.fillStyle = colours.getPropertyValue("--accent");
    for (const time of [marks.segment.start, marks.segment.end])
      pen.fillRect(Math.round(x(time, width)) - 1, 0, 2, height);
  }

  function fill(pen, { start, end }, width, height, colour) {
    if (end < from || start > from + seconds) return;
    pen.fillStyle = colour;
    pen.fillRect(x(start, width), 0, x(end, width) - x(start, width), height);
  }

  function swings(pen, width, height, colours) {
    const [said, other] = [
      colours.getPropertyValue("--accent"),
      colours.getPropertyValue("--edge"),
    ];
    const step = 3;
    for (let at = 0; at < width; at += step) {
      const begin = from + (at / width) * seconds;
      const [low, high] = loudest(begin, begin + (step / width) * seconds);
      const top = height / 2 - (high / 128) * (height / 2 - 2);
      const tall = Math.max(1, ((high - low) / 128) * (height / 2 - 2));
      const inside = marks.segment && begin >= marks.segment.start && begin < marks.segment.end;
      pen.fillStyle = inside ? said : other;
      pen.fillRect(at, top, step - 1, tall);
    }
  }

  function loudest(begin, end) {
    let [low, high] = [0, 0];
    for (
      let i = Math.floor(begin * DETAIL);
      i < Math.max(Math.floor(begin * DETAIL) + 1, Math.ceil(end * DETAIL));
      i++
    ) {
      const piece = pieceOf(Math.floor(i / (DETAIL * PIECE)));
      const at = 2 * (i % (DETAIL * PIECE));
      if (!piece || at + 1 >= piece.length) continue;
      low = Math.min(low, piece[at]);
      high = Math.max(high, piece[at + 1]);
    }
    return [low, high];
  }

  function pieceOf(number) {
    if (!pieces.has(number)) {
      pieces.set(number, null);
      const start = number * PIECE;
      if (start < player.length) {
        api
          .peaks(base, { per_second: DETAIL, start, end: Math.min(player.length, start + PIECE) })
          .then(
            (found) => {
              pieces.set(number, found);
              plan();
            },
            (error) => {
              if (!error.status || error.status === 429)
                setTimeout(() => {
                  pieces.delete(number);
                  plan();
                }, 5000);
            },
          );
      }
    }
    return pieces.get(number);
  }

  function follow(time) {
    if (time < from || time > from + seconds * 0.95) {
      from = Math.max(0, Math.min(time - seconds * 0.1, player.length - seconds));
      plan();
    }
    needle.style.transform = `translateX(${x(time, canvas.clientWidth)}px)`;
    if (document.activeElement !== slider || !slider.matches(":active"))
      slider.value = String(time);
    const said = t("player.at", { time: clock(time), all: clock(player.length) });
    if (slider.ariaValueText !== said) slider.ariaValueText = said;
  }

  slider.addEventListener("input", () => player.seek(Number(slider.value)));
  player.onTime(follow);
  new ResizeObserver(() => {
    plan();
    follow(player.time);
  }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", plan, { signal });
  const themed = new MutationObserver(plan);
  themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  signal.addEventListener("abort", () => themed.disconnect(), { once: true });
  held(canvas, {
    time: (at) => from + (at / canvas.clientWidth) * seconds,
    seconds: () => seconds,
    marks: () => marks,
    player,
    moved: (segment) => {
      marks = { ...marks, segment };
      plan();
    },
    ended: (segment) => edges(segment),
  });

  return {
    element,
    show(next) {
      marks = { ...marks, ...next };
      plan();
    },
    onEdges: (callback) => {
      edges = callback;
    },
  };
}

// A press seeks; a press on an edge of the segment moves the edge.
function held(canvas, { time, seconds, marks, player, moved, ended }) {
  let edge = null;
  const near = (event) => {
    const { segment } = marks();
    if (!segment || segment.fixed) return null;
    const reach = (NEAR / canvas.clientWidth) * seconds();
    const at = time(event.offsetX);
    return Math.abs(at - segment.end) < reach
      ? "end"
      : Math.abs(at - segment.start) < reach
        ? "start"
        : null;
  };
  canvas.addEventListener("pointerdown", (event) => {
    edge = near(event);
    if (edge) canvas.setPointerCapture(event.pointerId);
    else player.seek(time(event.offsetX));
  });
  canvas.addEventListener("pointermove", (event) => {
    canvas.style.cursor = edge || near(event) ? "ew-resize" : "pointer";
    if (!edge) return;
    const { segment } = marks();
    const at =
      edge === "start"
        ? Math.min(Math.max(0, time(event.offsetX)), segment.end - 0.05)
        : Math.max(time(event.offsetX), segment.start + 0.05);
    moved({ ...segment, [edge]: at });
  });
  canvas.addEventListener("pointerup", () => {
    if (edge) ended(marks().segment);
    edge = null;
  });
}
