// What the transcript was before, and making it that again.

import * as api from "../api.js";
import { ask } from "../dialog.js";
import { h } from "../dom.js";
import { day, t } from "../strings/index.js";

/** Shows the history; the number of the revision that was chosen to come back, or null. */
export async function chooseRevision(job, document) {
  const found = await api.revisions(job.id);
  const preview = h("div", { class: "preview", "aria-live": "polite" });
  const list = h(
    "ul",
    { class: "revisions" },
    found.map((one, index) =>
      h(
        "li",
        {},
        h(
          "label",
          {},
          h("input", {
            type: "radio",
            name: "revision",
            required: true,
            value: String(one.number),
            disabled: index === 0,
            autofocus: index === 1,
            on: { change: () => look(one.number) },
          }),
          h(
            "span",
            { class: "grow" },
            h("time", {}, day(one.created)),
            h(
              "span",
              { class: "soft small" },
              ` ${t(`revision.${one.kind}`)}${one.author ? `, ${one.author}` : ""}`,
            ),
          ),
          h(
            "span",
            { class: "soft small number" },
            index === 0 ? t("revision.now") : t("revision.segments", { count: one.segments }),
          ),
        ),
      ),
    ),
  );

  async function look(number) {
    const { segments } = await api.revision(job.id, number);
    const now = new Set(document.segments.map((one) => one.text.trim()));
    const other = segments.filter((one) => !now.has(one.text.trim()));
    preview.replaceChildren(
      h(
        "p",
        { class: "soft small" },
        other.length ? t("revision.differs", { count: other.length }) : t("revision.alike"),
      ),
      ...other.slice(0, 30).map((one) => h("p", { dir: "auto" }, one.text.trim())),
    );
  }

  const form = () => list.querySelector("input:checked")?.value;
  const answer = await ask({
    title: t("revision.title"),
    large: true,
    content: [
      h("p", { class: "soft" }, t("revision.text")),
      h("div", { class: "two" }, list, preview),
    ],
    buttons: [
      { label: t("cancel"), value: "" },
      { label: t("revision.restore"), value: "restore", kind: "main" },
    ],
  });
  return answer && form() ? Number(form()) : null;
}
