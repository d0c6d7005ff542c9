// One recording: the text as it is decoded, and the editor once it is all there.

import * as api from "../api.js";
import { h, icon } from "../dom.js";
import { follow } from "../events.js";
import { complain, whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { deleteAsked, progressOf, stateOf, waits } from "./jobs.js";

export async function show(main, signal, id) {
  const job = await api.job(id);
  if (signal.aborted) return;
  document.title = `${job.filename} · UniSpeech`;
  if (job.state === "done") {
    const editor = await import("../editor/editor.js");
    await editor.show(main, signal, job);
  } else waiting(main, signal, job);
}

function waiting(main, signal, job) {
  const head = h("div", { class: "waiting-head" });
  const text = h("div", {
    class: "live",
    role: "log",
    "aria-label": t("waiting.text"),
    lang: job.options.language,
    tabindex: "0",
  });
  const lost = h("p", { class: "note doubt", role: "status", hidden: true }, t("trouble.lost"));
  main.classList.add("waiting");
  main.append(
    h("a", { href: "#/", class: "back" }, icon("left"), t("nav.recordings")),
    head,
    lost,
    text,
  );

  const draw = () => {
    const old = head.contains(document.activeElement) ? document.activeElement.dataset.part : null;
    head.replaceChildren(...heading(job, act));
    if (old) head.querySelector(`[data-part="${old}"]`)?.focus();
    text.dataset.empty = t(job.state === "queued" ? "waiting.queued" : "waiting.first");
  };
  const act = async (work) => {
    try {
      const before = job.state;
      job = (await work()) ?? job;
      draw();
      if (before !== job.state && ["queued"].includes(job.state)) location.reload();
    } catch (error) {
      complain(error);
    }
  };
  let over = false; // after a lost connection several states are told at once
  const changed = async () => {
    const fresh = await api.job(job.id);
    if (signal.aborted || over) return;
    job = fresh;
    over = job.state === "done";
    if (over) return finished(main, signal, job);
    draw();
  };
  draw();
  follow(
    `api/jobs/${job.id}/events`,
    {
      state: (data) => {
        whisper(t(`state.${data.state}`));
        return data.state === "deleted" ? "end" : void changed().catch(complain);
      },
      segment: (segment) => append(text, segment),
      progress: (data) => {
        job = { ...job, ...data };
        draw();
      },
      connection: (there) => {
        lost.hidden = there;
      },
      over: () => (["done", "failed", "cancelled"].includes(job.state) ? "end" : ""),
    },
    signal,
  ).catch(complain);
  positioned(job, signal, (fresh) => {
    job = { ...job, position: fresh.position };
    draw();
  });
}

// The place in the queue is told in the stream of all jobs only.
function positioned(job, signal, changed) {
  if (job.state !== "queued") return;
  follow(
    "api/events",
    {
      job: (fresh) => {
        if (fresh.id !== job.id) return "";
        changed(fresh);
        return fresh.state === "queued" ? "" : "end";
      },
    },
    signal,
  ).catch(complain);
}

async function finished(main, signal, job) {
  whisper(t("waiting.done"));
  main.replaceChildren();
  main.className = "";
  const editor = await import("../editor/editor.js");
  await editor.show(main, signal, job);
}

function heading(job, act) {
  const running = job.state === "running";
  const facts = [
    stateOf(job),
    waits(job),
    running && job.duration
      ? t("waiting.of", { done: clock(job.done), all: clock(job.duration) })
      : null,
  ].filter(Boolean);
  const ended = ["failed", "cancelled"].includes(job.state);
  return [
    h("h1", { dir: "auto" }, job.filename),
    h("p", { class: "soft number" }, facts.join(" · ")),
    running || job.state === "queued" ? progressOf(job) : null,
    job.state === "failed"
      ? h(
          "p",
          { class: "note trouble" },
          h("strong", { lang: "en" }, job.error),
          h("span", {}, t("job.failed")),
        )
      : null,
    h(
      "div",
      { class: "row" },
      ended
        ? h(
            "button",
            {
              type: "button",
              class: "main",
              data: { part: "again" },
              on: { click: () => act(() => api.retry(job.id)) },
            },
            t("job.retry"),
          )
        : h(
            "button",
            {
              type: "button",
              data: { part: "cancel" },
              on: { click: () => act(() => api.cancel(job.id)) },
            },
            t("job.cancel"),
          ),
      h(
        "button",
        {
          type: "button",
          class: "bare danger",
          data: { part: "delete" },
          on: {
            click: () =>
              act(async () => {
                if (await deleteAsked(job)) location.hash = "#/";
              }),
          },
        },
        t("job.delete"),
      ),
      h("span", { class: "soft small end" }, t("waiting.close")),
    ),
  ].filter(Boolean);
}

function append(text, segment) {
  const down = innerHeight + scrollY > document.documentElement.scrollHeight - 120;
  text.append(
    h(
      "p",
      {},
      h("time", {}, clock(segment.start)),
      h("span", { dir: "auto" }, segment.text.trim()),
    ),
  );
  if (down) scrollTo({ top: document.documentElement.scrollHeight });
}
