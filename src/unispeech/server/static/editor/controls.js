// The buttons of the player, its clock and its speed.

/** @import { Player } from "./player.js" */

import { h, icon, iconButton, put } from "../dom.js";
import { number, t } from "../strings/index.js";
import { clock } from "../transcript/times.js";

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
export const STEP = 3; // seconds

export class Controls {
  #play = iconButton("play", t("player.play"), { class: "icon main play" });
  #loop = iconButton("loop", t("player.loop"), {
    data: { command: "loop" },
    "aria-pressed": "false",
  });
  #time = h("span", { class: "number now" }, "0:00");
  #length = h("span", { class: "soft number" });
  #speed = h(
    "select",
    { class: "speed", "aria-label": t("player.speed") },
    SPEEDS.map((rate) => h("option", { value: String(rate) }, `${number(rate)}×`)),
  );
  #player;

  /** @param {Player} player */
  constructor(player) {
    this.#player = player;
    const step = { seconds: STEP };
    const back = iconButton("back", t("player.back", step), {
      on: { click: () => player.skip(-STEP) },
    });
    const forward = iconButton("forward", t("player.forward", step), {
      on: { click: () => player.skip(STEP) },
    });
    const zoomOut = iconButton("zoomOut", t("command.zoomOut"), { data: { command: "zoomOut" } });
    const zoomIn = iconButton("zoomIn", t("command.zoomIn"), { data: { command: "zoomIn" } });
    const keys = iconButton("keys", t("keys.title"), { data: { command: "keys" } });
    this.#play.addEventListener("click", () => player.toggle());
    this.#speed.addEventListener("change", () => player.setSpeed(Number(this.#speed.value)));
    const slash = h("span", { class: "soft" }, " / ");
    this.element = h(
      "div",
      { class: "controls", dir: "ltr" },
      this.#play,
      back,
      forward,
      h("p", { class: "where" }, this.#time, slash, this.#length),
      h("div", { class: "row end" }, zoomOut, zoomIn, this.#loop, this.#speed, keys),
    );
  }

  /** @param {boolean} isPlaying */
  showPlaying(isPlaying) {
    const label = t(isPlaying ? "player.pause" : "player.play");
    this.#play.replaceChildren(icon(isPlaying ? "pause" : "play"));
    put(this.#play, "aria-label", label);
    put(this.#play, "title", label);
  }

  /** @param {boolean} isLooping */
  showLoop(isLooping) {
    put(this.#loop, "aria-pressed", String(isLooping));
  }

  /** @param {number} rate */
  showSpeed(rate) {
    this.#speed.value = String(rate);
  }

  /** @param {number} time */
  showTime(time) {
    setText(this.#time, clock(time, 1));
    setText(this.#length, clock(this.#player.length));
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
