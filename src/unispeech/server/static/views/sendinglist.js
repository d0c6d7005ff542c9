// Files on their way: how much has left, what was interrupted, recordings that were never sent.

import { h, iconButton } from "../dom.js";
import * as kept from "../kept.js";
import { complain } from "../messages.js";
import * as sending from "../sending.js";
import { bytes, day, number, t } from "../strings/index.js";

export function sendingList(take, jobs, signal) {
  const going = h("ul", { class: "jobs" });
  const earlier = h("ul", { class: "jobs" });
  const element = h("section", { "aria-label": t("sending.title"), hidden: true }, going, earlier);
  const rows = new Map();

  function draw() {
    for (const [one, row] of rows)
      if (!sending.all().includes(one)) {
        row.element.remove();
        rows.delete(one);
      }
    for (const one of sending.all()) {
      if (!rows.has(one)) {
        const row = sendingRow(one);
        rows.set(one, row);
        going.append(row.element);
      }
      rows.get(one).draw();
    }
    for (const row of [...earlier.children])
      if (sending.all().some((one) => one.upload && one.upload === row.dataset.upload))
        row.remove(); // it goes on
    element.hidden = !going.children.length && !earlier.children.length;
  }

  async function past() {
    const [uploads, recordings] = [await sending.unfinished(jobs.add), await kept.recordings()];
    if (signal.aborted) return;
    earlier.replaceChildren(
      ...uploads.map((one) => openRow(one, draw)),
      ...recordings.map((one) => recordingRow(one, take, draw)),
    );
    draw();
  }

  sending.watch(draw, signal);
  draw();
  past().catch(complain);
  return element;
}

function sendingRow(one) {
  const line = h("p", { class: "soft small number" });
  const bar = h("progress", {
    "aria-label": t("sending.progress", { name: one.file.name }),
    max: "1",
    value: "0",
  });
  const again = h(
    "button",
    { type: "button", hidden: true, on: { click: () => sending.again(one) } },
    t("trouble.again"),
  );
  const element = h(
    "li",
    { class: "job sending" },
    h("div", { class: "grow" }, h("span", { dir: "auto", class: "name" }, one.file.name), line),
    again,
    iconButton("close", t("sending.stop", { name: one.file.name }), {
      on: { click: () => sending.stop(one) },
    }),
    bar,
  );
  function draw() {
    const share = one.file.size ? one.sent / one.file.size : 0;
    bar.value = share;
    line.textContent =
      one.message && one.state !== "sending"
        ? one.message
        : one.state === "waiting"
          ? t("sending.waiting")
          : t("sending.sent", {
              sent: bytes(one.sent),
              size: bytes(one.file.size),
              share: number(Math.floor(share * 100) / 100, { style: "percent" }),
            });
    line.className =
      one.state === "failed"
        ? "why"
        : one.state === "lost"
          ? "small doubt-text"
          : "soft small number";
    again.hidden = one.state !== "failed";
  }
  return { element, draw };
}

function openRow(upload, changed) {
  const share = number(upload.offset / upload.size, { style: "percent" });
  const element = h(
    "li",
    { class: "job sending", data: { upload: upload.id } },
    h(
      "div",
      { class: "grow" },
      h("span", { dir: "auto", class: "name" }, upload.filename),
      h("p", { class: "small doubt-text" }, t("sending.open", { share, day: day(upload.expires) })),
    ),
    iconButton("close", t("sending.stop", { name: upload.filename }), {
      on: {
        click: () =>
          sending.giveUp(upload.id).then(() => {
            element.remove();
            changed();
          }, complain),
      },
    }),
  );
  return element;
}

function recordingRow(one, take, changed) {
  const away = async () => {
    await kept.forget(one.id);
    element.remove();
    changed();
  };
  const element = h(
    "li",
    { class: "job sending" },
    h(
      "div",
      { class: "grow" },
      h("span", { class: "name" }, one.name),
      h("p", { class: "small doubt-text" }, t("recorder.kept", { size: bytes(one.size) })),
    ),
    h(
      "button",
      {
        type: "button",
        on: {
          click: async () => {
            take([await kept.file(one.id)]);
            await away();
          },
        },
      },
      t("recorder.send"),
    ),
    iconButton("close", t("recorder.forget"), { on: { click: () => away().catch(complain) } }),
  );
  return element;
}
