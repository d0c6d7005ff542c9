// The editor: the transcript of one recording, its sound, and everything that can be done with both.
// This file only connects the parts; each part is a file of its own beside it.

import * as api from "../api.js";
import { h } from "../dom.js";
import { follow } from "../events.js";
import { openMenu } from "../menu.js";
import { complain, say, whisper } from "../messages.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import * as edits from "../transcript/edits.js";
import { recognised } from "../transcript/merging.js";
import { deleteAsked } from "../views/jobs.js";
import { layoutOf } from "../views/layout.js";
import { decodeAgain } from "./again.js";
import { autosave } from "./autosave.js";
import { commands, places } from "./commands.js";
import { together } from "./conflict.js";
import { findBar } from "./findbar.js";
import { commandOf, showKeys, shownKeys } from "./keys.js";
import { player as makePlayer } from "./player.js";
import { subtitleProblems } from "./problems.js";
import { chooseRevision } from "./revisions.js";
import { speakerMenu } from "./speakers.js";
import { openStore } from "./store.js";
import { askTimes } from "./times.js";
import { toolbar as makeToolbar } from "./toolbar.js";
import { transcriptView } from "./transcript.js";
import { typing } from "./typing.js";

export async function show(main, signal, job) {
  const place = api.place.ofJob(job.id);
  const ticket = settings.key
    ? async () => (await api.ticket(job.id)).path.replace(/^\//, "")
    : null;
  const [{ transcript, etag }, player] = await Promise.all([
    api.transcript(place),
    makePlayer(place, { duration: job.duration, ticket }, signal),
  ]);
  const store = openStore(edits.opened(transcript));
  if (signal.aborted) return;

  const problems = subtitleProblems(job.id, store);
  let bar = null;
  const view = transcriptView(
    store,
    player,
    {
      problems: problems.of,
      marked: (row, segment, index) => bar?.marked(row, segment, index),
      sounding: (segment) => player.wave.show({ segment }),
    },
    signal,
  );
  bar = findBar(store, view);
  const tools = makeToolbar(job, (name, button) => run(name, null, button));
  const saving = autosave(
    store,
    job.id,
    etag,
    {
      shown: tools.saved,
      saved: () => {
        problems.soon();
        subtitles();
      },
      conflict: () =>
        conflict().catch((error) => {
          complain(error);
          return null;
        }),
    },
    signal,
  );

  const page = {
    store,
    player,
    row: (element) => view.row(element),
    index: (row) => view.index(row),
    speaking: view.speaking,
    focus: (index, caret) => view.focus(index, caret),
    showChange,
    goTo,
    run: (name, row) => run(name, row),
    visited: null, // the doubtful place that was gone to last, until the person goes elsewhere
  };
  const simple = commands(page);

  // Commands that open something, beside the simple ones.
  const opening = {
    find: () => bar.open(false),
    replace: () => bar.open(true),
    keys: () => showKeys(),
    save: () => saving.now(),
    share: async () => {
      await saving.now();
      location.hash = `#/job/${job.id}/share`;
    },
    export: async () => {
      await saving.now();
      location.hash = `#/job/${job.id}/export`;
    },
    more: (_, button) => openMenu(button, moreItems(), t("editor.more")),
    history: () => restore(),
    problem: () => {
      const index = problems.next(page.speaking());
      if (index >= 0) view.focus(index, 0);
    },
    menu: (row) =>
      row && openMenu(row.element.querySelector(".more"), rowItems(row), t("segment.text")),
    speaker: (row) =>
      row &&
      speakerMenu(
        row.element.querySelector(row.element.matches(".named") ? ".speaker" : ".more"),
        store,
        view.index(row),
        () => {},
      ),
    times: async (row) => {
      const index = view.index(row);
      const found = index >= 0 && (await askTimes(store.document.segments[index]));
      if (found) store.change(edits.setTimes(store.document, index, ...found));
      if (index >= 0) view.focus(index, 0);
    },
    again: (row) => {
      const one = store.document.segments[row ? view.index(row) : Math.max(0, view.speaking())];
      return again(one);
    },
  };

  function run(name, row, button) {
    try {
      if (simple[name]) return simple[name](row);
      Promise.resolve(opening[name]?.(row, button)).catch(complain);
      return true;
    } catch (error) {
      complain(error);
      return true;
    }
  }

  const again = (span) =>
    decodeAgain(job, span, { saved: saving.now, changed: taken, compare }, signal);

  // The server has a newer transcript: a part that was decoded again, or an earlier revision.
  async function taken() {
    if (saving.dirty) return;
    const { transcript: fresh, etag: now } = await api.transcript(place);
    if (saving.dirty || signal.aborted) return;
    load(edits.opened(fresh), now);
    whisper(t("editor.taken"));
  }

  function load(other, now) {
    store.change(edits.become(store.document, other), "loaded");
    saving.settled(store.document, now);
    subtitles();
    problems.soon();
  }

  async function compare(range) {
    say(t("again.changed"), {
      label: t("again.apply"),
      run: () => api.applyRange(range.id).then(taken).catch(complain),
    });
  }

  async function conflict() {
    const { transcript: fresh, etag: now } = await api.transcript(place);
    const [mine, theirs] = [store.document, edits.opened(fresh)];
    const both = await together(saving.base.segments, mine.segments, theirs.segments);
    if (!both || signal.aborted) return null;
    let [there, last] = [theirs, now];
    if (both.mine) {
      there = { ...mine, segments: both.mine, gaps: theirs.gaps };
      last = await saving.keep(recognised(theirs, there), there, now);
      if (store.document !== mine) return conflict(); // somebody typed meanwhile
    }
    store.change(
      edits.become(store.document, { segments: both.segments, gaps: theirs.gaps }),
      "loaded",
    );
    saving.settled(recognised(there, store.document), last);
    if (!both.asked) say(t("conflict.merged"));
    return last;
  }

  async function restore() {
    await saving.now();
    const number = await chooseRevision(job, store.document);
    if (!number) return;
    await api.restore(job.id, number, saving.etag);
    await taken();
    say(t("revision.back"));
  }

  function goTo(found) {
    if (!found) {
      whisper(t("doubt.none"));
      return true;
    }
    if (found.segment === undefined) {
      view.revealGap(found.gap)?.element.querySelector("[data-do='again']")?.focus();
      return true;
    }
    view.focus(found.segment, found.from);
    const row = [...view.rows()].find((one) => view.index(one) === found.segment);
    const node = row?.text.firstChild;
    if (node)
      getSelection().setBaseAndExtent(node, found.from, node, Math.min(found.to, node.data.length));
    player.seek(store.document.segments[found.segment].start);
    whisper(t("doubt.word", { word: String(getSelection()) }));
    return true;
  }

  let lastEdit = [];
  function showChange() {
    const splice = lastEdit.find((one) => (one.list ?? "segments") === "segments");
    if (splice && store.document.segments.length)
      view.focus(Math.min(splice.at, store.document.segments.length - 1), changedAt(splice));
  }

  const rowItems = (row) =>
    [
      ["times", "times"],
      ["speaker", "speaker"],
      ["again", "again"],
      ["replay", "replay"],
      null,
      ["split", "split"],
      ["mergeBack"],
      ["mergeOn"],
      ["insert"],
      null,
      ["earlier", "earlier"],
      ["later", "later"],
      ["begins", "begins"],
      ["ends", "ends"],
      null,
      ["remove"],
    ].map(
      (item) =>
        item && {
          label: t(`command.${item[0]}`),
          keys: item[1] && shownKeys(item[1]),
          danger: item[0] === "remove",
          run: () => run(item[0], row),
        },
    );

  const moreItems = () => [
    { label: t("command.replace"), keys: shownKeys("replace"), run: () => run("replace") },
    { label: t("revision.title"), run: () => run("history") },
    { label: t("keys.title"), keys: shownKeys("keys"), run: () => run("keys") },
    null,
    {
      label: t("job.retry.done"),
      run: () =>
        api
          .retry(job.id)
          .then(() => location.reload())
          .catch(complain),
    },
    {
      label: t("job.delete"),
      danger: true,
      run: () =>
        deleteAsked(job)
          .then((gone) => {
            if (gone) location.hash = "#/";
          })
          .catch(complain),
    },
  ];

  function counts() {
    tools.doubts(places(store.document).length);
    tools.steps(store.canUndo, store.canRedo);
    player.wave.show({
      gaps: store.document.gaps,
      segment: store.document.segments[view.speaking()] ?? null,
    });
  }

  function subtitles() {
    player.subtitles(layoutOf(), transcript.language).catch(() => {}); // with the next that is saved
  }

  // Events of the page

  main.classList.add("editor");
  document.body.classList.add("editing");
  main.append(
    h("div", { class: "above" }, tools.element, bar.element),
    h(
      "div",
      { class: "stage" },
      h(
        "div",
        { class: "column" },
        transcript.warnings?.length
          ? h("p", { class: "note doubt" }, transcript.warnings.join(" "))
          : "",
        store.document.segments.length || store.document.gaps.length
          ? ""
          : h("p", { class: "soft" }, t("editor.silent")),
        view.element,
      ),
      player.video,
    ),
    player.element,
  );
  view.draw();
  counts();
  tools.saved("saved");
  problems.onChange((count) => {
    tools.problems(count);
    view.refresh();
  });
  problems.soon();
  subtitles();
  store.listen((edit) => {
    lastEdit = edit;
    counts();
  });
  typing(view.element, page);
  view.element.addEventListener("focusin", () => {
    page.visited = null;
  });
  pressed(view.element, page, { gapAgain: (index) => again(store.document.gaps[index]), view });
  player.wave.onEdges((segment) => {
    const index = store.document.segments.findIndex((one) => one.key === segment.key);
    if (index >= 0) store.change(edits.setTimes(store.document, index, segment.start, segment.end));
  });
  document.addEventListener("keydown", (event) => keyed(event, page), {
    signal,
  });
  main.addEventListener(
    "click",
    (event) => {
      const command = event.target.closest("[data-command]")?.dataset.command;
      if (command) run(command, null);
    },
    { signal },
  );
  new ResizeObserver(([entry]) =>
    document.documentElement.style.setProperty("--player-height", `${entry.target.offsetHeight}px`),
  ).observe(player.element);
  follow(
    "api/events",
    {
      job: (fresh) => {
        if (
          fresh.id === job.id &&
          fresh.revision > Number(saving.etag.replaceAll('"', "")) &&
          !saving.dirty
        )
          taken().catch(complain);
      },
    },
    signal,
  ).catch(complain);
  const wanted = Number(sessionStorage.getItem("unispeech.at") ?? NaN);
  sessionStorage.removeItem("unispeech.at");
  if (wanted >= 0) view.focus(wanted, 0);
}

// The first letter that the last change made different.
function changedAt({ out, into }) {
  const [old, fresh] = [edits.shown(out[0] ?? { text: "" }), edits.shown(into[0] ?? { text: "" })];
  let at = 0;
  while (at < fresh.length && fresh[at] === old[at]) at++;
  return at;
}

// The buttons in the rows.
function pressed(container, page, { gapAgain, view }) {
  container.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const row = page.row(button.closest(".segment"));
    const doing = button.dataset.do;
    if (row)
      return doing === "play"
        ? page.player.playFrom(row.item.start)
        : page.run(doing === "menu" ? "menu" : "speaker", row);
    const index = view.gap(button.closest(".gap"));
    const gap = page.store.document.gaps[index];
    if (!gap) return;
    if (doing === "play") page.player.playFrom(gap.start, gap.end);
    if (doing === "again") gapAgain(index).catch(complain);
    if (doing === "close") page.store.change(edits.closeGap(page.store.document, index));
    if (doing === "write") {
      const { document } = page.store;
      page.store.change([
        ...edits.closeGap(document, index),
        ...edits.insert(document, gap.start, gap.end),
      ]);
      page.focus(
        page.store.document.segments.findIndex((one) => one.start === gap.start && !one.text),
        0,
      );
    }
  });
}

// Keys that work wherever the focus is, but in dialogs and menus.
function keyed(event, page) {
  if (
    event.defaultPrevented ||
    !event.target.closest ||
    event.target.closest("dialog, [popover], .findbar input")
  )
    return;
  const command = commandOf(event);
  if (!command || ["split", "mergeBack", "mergeOn"].includes(command)) return;
  const row = page.row(event.target.closest(".segment"));
  const needsRow = [
    "moveBack",
    "moveOn",
    "begins",
    "ends",
    "earlier",
    "later",
    "times",
    "speaker",
    "menu",
  ].includes(command);
  if (needsRow && !row) return;
  event.preventDefault();
  page.run(command, row);
}
