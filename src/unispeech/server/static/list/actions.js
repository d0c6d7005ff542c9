// Dialogs that change one or several recordings: rename, tag, transcribe again, export, delete.

/** @import { JobShown } from "../service.d.ts" */

import * as api from "../api.js";
import { ask, confirm } from "../dialog.js";
import { h } from "../dom.js";
import { pause } from "../events.js";
import { complain, say } from "../messages.js";
import { t } from "../strings/index.js";
import { isEnded } from "../views/jobs.js";
import { commonOptions, commonTags, editedTags, parsedTags, writtenTags } from "./choosing.js";

const NAME_LENGTH = 200; // characters
const CANCEL = () => ({ label: t("cancel"), value: "" });

/**
 * Ask for a new name and return the renamed job, or null.
 * @param {JobShown} job
 */
export async function rename({ id, filename }) {
  const input = h("input", {
    id: "new-name",
    value: filename,
    required: true,
    maxlength: NAME_LENGTH,
    pattern: "[^\\/\\\\]*",
    dir: "auto",
  });
  const answered = ask({
    title: t("rename.title"),
    content: h(
      "div",
      { class: "field" },
      h("label", { for: "new-name" }, t("rename.label")),
      input,
    ),
    buttons: [CANCEL(), { label: t("rename.go"), value: "go", kind: "main" }],
  });
  input.setSelectionRange(0, filename.replace(/\.\w{1,5}$/, "").length);
  input.focus();
  const name = (await answered) && input.value.trim();
  return name ? api.changeJob(id, { filename: name }) : null;
}

/**
 * Ask for the tags of one or several recordings, and return the changed jobs.
 * @param {JobShown[]} jobs
 */
export async function tag(jobs) {
  const before = commonTags(jobs);
  const known = (await api.tags()).map(({ tag }) => tag);
  const input = h("input", {
    id: "tags",
    value: writtenTags(before),
    dir: "auto",
    autofocus: true,
    "aria-describedby": "tags-hint",
  });
  const answer = await ask({
    title: jobs.length > 1 ? t("tags.title", { count: jobs.length }) : t("tags.one"),
    content: h(
      "div",
      { class: "field" },
      h("label", { for: "tags" }, t("tags.label")),
      input,
      h("p", { class: "hint", id: "tags-hint" }, t(jobs.length > 1 ? "tags.common" : "tags.hint")),
      known.length ? suggestions(known, input) : null,
    ),
    buttons: [CANCEL(), { label: t("tags.go"), value: "go", kind: "main" }],
  });
  if (!answer) return [];
  const after = parsedTags(input.value);
  return each(jobs, ({ id, tags }) =>
    api.changeJob(id, { tags: editedTags(tags, { before, after }) }),
  );
}

/**
 * Buttons that add a known tag to a field, or remove it.
 * @param {string[]} known
 * @param {HTMLInputElement} input
 */
function suggestions(known, input) {
  const buttons = known.map((tag) => {
    const toggle = () => {
      const tags = parsedTags(input.value);
      const others = tags.filter((other) => other !== tag);
      input.value = writtenTags(others.length < tags.length ? others : [...tags, tag]);
      mark();
    };
    return h("button", { type: "button", class: "tag", on: { click: toggle } }, tag);
  });
  function mark() {
    const tags = parsedTags(input.value);
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(tags.includes(button.textContent ?? "")));
  }
  input.addEventListener("input", mark);
  mark();
  return h("div", { class: "row", role: "group", "aria-label": t("tags.known") }, buttons);
}

/**
 * Ask for the options, and transcribe recordings again. Texts stay until the new ones are complete.
 * @param {JobShown[]} jobs
 */
export async function transcribeAgain(jobs) {
  const ended = jobs.filter(isEnded);
  if (!ended.length) return;
  const { AgainForm } = await import("../editor/again.js");
  const example = { ...ended[0], options: commonOptions(ended) };
  const form = new AgainForm(example, null, await api.info());
  form.load();
  const count = ended.length;
  const own = ended.filter(({ revision }) => revision === null).length; // are retried as they are
  const answer = await ask({
    title: t("several.again.title", { count }),
    content: [
      h("p", { class: "soft" }, t("several.again.text")),
      own ? h("p", { class: "why" }, t("several.again.own", { count: own })) : null,
      form.element,
    ],
    buttons: [CANCEL(), { label: t("restart.go"), value: "go", kind: "main" }],
  });
  if (!answer) return;
  const values = form.values();
  const done = await each(ended, ({ id, revision }) =>
    revision === null ? api.retry(id) : api.decodeAgain(id, values),
  );
  if (done.length) say(t("several.again.going", { count: done.length }));
}

/**
 * Ask whether to delete recordings, and return those that were deleted.
 * @param {JobShown[]} jobs
 */
export async function remove(jobs) {
  const count = jobs.length;
  const isSure = await confirm(
    t("several.delete.title", { count }),
    t("several.delete.text"),
    t("job.delete"),
    { danger: true },
  );
  if (!isSure) return [];
  return each(jobs, async (job) => {
    await api.deleteJob(job.id);
    return job;
  });
}

/**
 * Ask for a format, and download the texts of recordings in one file.
 * @param {JobShown[]} jobs
 */
export async function exportAll(jobs) {
  const done = jobs.filter(({ revision }) => revision !== null);
  if (!done.length) return say(t("several.export.none"));
  const [{ formats }, { GROUPS, saveFile, SUBTITLES }, { layoutOf }] = await Promise.all([
    api.info(),
    import("../views/export.js"),
    import("../views/layout.js"),
  ]);
  const select = h(
    "select",
    { id: "formats" },
    GROUPS.map(([group, names]) =>
      h(
        "optgroup",
        { label: t(`export.${group}`) },
        names
          .filter((name) => formats.includes(name))
          .map((name) => h("option", { value: name }, t(`format.${name}`))),
      ),
    ),
  );
  const left = jobs.length - done.length;
  const answer = await ask({
    title: t("several.export.title", { count: done.length }),
    content: h(
      "div",
      { class: "field" },
      h("label", { for: "formats" }, t("several.export.format")),
      select,
      h("p", { class: "hint" }, t("several.export.hint")),
      left ? h("p", { class: "why" }, t("several.export.left", { count: left })) : null,
    ),
    buttons: [CANCEL(), { label: t("several.export.go"), value: "go", kind: "main" }],
  });
  if (!answer) return;
  const format = select.value;
  const layout = SUBTITLES.includes(format) ? layoutOf() : {};
  const ids = done.map(({ id }) => id);
  saveFile(
    await api.exportedTogether(ids, { format, ...layout }),
    `${t("several.export.file")}.zip`,
  );
}

/**
 * Do something with each recording, one after the other, waiting where the server limits the rate. Return
 * the results; the first failure is shown.
 * @template Result
 * @param {JobShown[]} jobs
 * @param {(job: JobShown) => Promise<Result>} act
 */
async function each(jobs, act) {
  /** @type {Result[]} */
  const results = [];
  /** @type {unknown} */
  let failure = null;
  for (const job of jobs) {
    try {
      results.push(await patiently(() => act(job)));
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure) complain(failure);
  return results;
}

/**
 * @template Result
 * @param {() => Promise<Result>} act
 */
async function patiently(act) {
  for (let tries = 0; ; tries++) {
    try {
      return await act();
    } catch (error) {
      const wait = error instanceof api.Trouble && error.status === 429 ? error.retryAfter : null;
      if (!wait || wait > 60 || tries === 5) throw error;
      await pause(wait * 1000);
    }
  }
}
