// Short messages at the foot of the page, which readers of screens say aloud.

import { h, iconButton } from "./dom.js";
import { t } from "./strings/index.js";

const SHOWN = 6000;

/** Says that something has happened; gone after a while. */
export function say(text, action = null) {
  put(text, "note", action, SHOWN);
}

/** Says what went wrong; stays until it is closed. An error that only says "stopped" is passed over. */
export function complain(error) {
  if (error?.name === "AbortError" || error?.status === 401) return;
  if (!error?.status && error?.constructor?.name !== "Trouble") console.error(error);
  put(error?.message ?? String(error), "note trouble", null, 0);
}

/** Says something to readers of screens alone. */
export function whisper(text) {
  const line = document.getElementById("whisper");
  line.textContent = "";
  requestAnimationFrame(() => {
    line.textContent = text;
  });
}

function put(text, kind, action, time) {
  const box = document.getElementById(kind.includes("trouble") ? "troubles" : "news");
  if ([...box.children].some((note) => note.dataset.text === text)) return;
  const close = () => note.remove();
  const note = h(
    "div",
    { class: kind, data: { text } },
    h("span", { class: "grow" }, text),
    action
      ? h(
          "button",
          {
            type: "button",
            on: {
              click: () => {
                close();
                action.run();
              },
            },
          },
          action.label,
        )
      : null,
    iconButton("close", t("close"), { on: { click: close } }),
  );
  box.append(note);
  if (time) setTimeout(close, time);
}
