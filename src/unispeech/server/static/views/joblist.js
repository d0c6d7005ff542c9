// The list of recordings: what each is doing, live, and what can be done with it.

import * as api from "../api.js";
import { h, iconButton } from "../dom.js";
import { follow } from "../events.js";
import { openMenu } from "../menu.js";
import { complain, whisper } from "../messages.js";
import { day, t } from "../strings/index.js";
import { clock } from "../transcript/times.js";
import { deleteAsked, progressOf, stateOf, waits } from "./jobs.js";

/** {element, add(job)}. It follows the server until `signal` is aborted. */
export function jobList(signal) {
  const jobs = new Map();
  const rows = new Map();
  const list = h("ul", { class: "jobs" });
  const nothing = h("p", { class: "soft", hidden: true }, t("jobs.none"));
  const lost = h("p", { class: "note doubt", role: "status", hidden: true }, t("trouble.lost"));
  const more = h(
    "button",
    { type: "button", hidden: true, on: { click: () => older().catch(complain) } },
    t("jobs.older"),
  );
  const element = h(
    "section",
    { "aria-labelledby": "jobs-title" },
    h("h2", { id: "jobs-title" }, t("jobs.title")),
    lost,
    list,
    nothing,
    more,
  );

  function put(job) {
    if (job.parent) return;
    const before = jobs.get(job.id);
    if (before && before.state !== job.state) whisper(`${job.filename}: ${stateOf(job)}`);
    jobs.set(job.id, job);
    const fresh = row(job, put, gone);
    const old = rows.get(job.id);
    rows.set(job.id, fresh);
    if (old) swapped(old, fresh);
    else
      list.insertBefore(
        fresh,
        [...jobs.values()]
          .filter((one) => one.created < job.created)
          .toSorted((a, b) => b.created - a.created)
          .map((one) => rows.get(one.id))
          .find(Boolean) ?? null,
      );
    nothing.hidden = true;
  }

  function gone(id) {
    const old = rows.get(id);
    if (old?.contains(document.activeElement))
      (old.nextElementSibling ?? old.previousElementSibling)?.querySelector("a")?.focus();
    old?.remove();
    rows.delete(id);
    jobs.delete(id);
    nothing.hidden = rows.size > 0;
  }

  function all(given) {
    const first = Math.min(...given.map((job) => job.created));
    for (const job of [...jobs.values()]) {
      if (job.created >= first && !given.some((one) => one.id === job.id)) gone(job.id);
    }
    given.forEach(put);
    nothing.hidden = rows.size > 0;
    more.hidden = given.length < 200;
  }

  async function older() {
    const oldest = Math.min(...[...jobs.values()].map((job) => job.created));
    const { jobs: found } = await api.jobs({ before: oldest, limit: 100 });
    found.forEach(put);
    more.hidden = found.length < 100;
  }

  follow(
    "api/events",
    {
      jobs: (data) => all(data.jobs),
      job: put,
      deleted: (data) => gone(data.id),
      connection: (there) => {
        lost.hidden = there;
      },
    },
    signal,
  ).catch(complain);
  return { element, add: put };
}

// A row is made anew at every change; what has the focus in it keeps it.
function swapped(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.part : null;
  old.replaceWith(fresh);
  if (focused)
    (fresh.querySelector(`[data-part="${focused}"]`) ?? fresh.querySelector("a")).focus();
}

function row(job, put, gone) {
  return h(
    "li",
    { class: `job ${job.state}` },
    h(
      "div",
      { class: "grow" },
      h("a", { href: `#/job/${job.id}`, dir: "auto", data: { part: "name" } }, job.filename),
      h(
        "p",
        { class: "soft small facts" },
        facts(job).flatMap((fact, index) => (index ? [" · ", fact] : [fact])),
      ),
    ),
    h(
      "div",
      { class: "state" },
      h("span", { class: `badge ${job.state}` }, stateOf(job)),
      waits(job) ? h("span", { class: "soft small number" }, waits(job)) : null,
    ),
    iconButton("more", t("jobs.more", { name: job.filename }), {
      "aria-haspopup": "menu",
      data: { part: "more" },
      on: {
        click: (event) => openMenu(event.currentTarget, actions(job, put, gone), job.filename),
      },
    }),
    job.state === "running" ? progressOf(job) : null,
    job.state === "failed" ? h("p", { class: "why" }, job.error) : null,
  );
}

function facts(job) {
  return [
    job.duration ? h("span", { class: "number" }, clock(job.duration)) : null,
    h("time", { datetime: new Date(job.created * 1000).toISOString() }, day(job.created)),
    `${job.backend} ${job.model}`,
  ].filter(Boolean);
}

function actions(job, put, gone) {
  const ended = ["done", "failed", "cancelled"].includes(job.state);
  const doing = (work) => () => work().catch(complain);
  return [
    job.state === "done"
      ? {
          label: t("job.export"),
          run: () => {
            location.hash = `#/job/${job.id}/export`;
          },
        }
      : null,
    job.state === "done"
      ? {
          label: t("job.share"),
          run: () => {
            location.hash = `#/job/${job.id}/share`;
          },
        }
      : null,
    ended
      ? {
          label: t(job.state === "done" ? "job.retry.done" : "job.retry"),
          run: doing(async () => put(await api.retry(job.id))),
        }
      : { label: t("job.cancel"), run: doing(async () => put(await api.cancel(job.id))) },
    {
      label: t("job.delete"),
      danger: true,
      run: doing(async () => {
        if (await deleteAsked(job)) gone(job.id);
      }),
    },
  ].filter(Boolean);
}
