// What somebody sees who was given a link: the text and its sound, to read, hear, search and take along.

import * as api from "../api.js";
import { h } from "../dom.js";
import { findBar } from "../editor/findbar.js";
import { commandOf } from "../editor/keys.js";
import { player as makePlayer } from "../editor/player.js";
import { letterAt } from "../editor/rows.js";
import { openStore } from "../editor/store.js";
import { toolbar as makeToolbar } from "../editor/toolbar.js";
import { transcriptView } from "../editor/transcript.js";
import { timeAt } from "../editor/typing.js";
import { pause } from "../events.js";
import { openMenu } from "../menu.js";
import { complain, whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { become, opened } from "../transcript/edits.js";
import { download } from "./export.js";
import { layoutOf } from "./layout.js";

const LOOK = 5000; // milliseconds between two looks whether the text was corrected
const FORMATS = ["txt", "docx", "srt", "vtt", "tsv", "json", "jojo"];

export async function show(main, signal, token) {
  const base = api.place.ofShare(token);
  const about = await written(main, token, signal);
  if (signal.aborted) return;
  const { transcript, etag } = await api.transcript(base);
  if (signal.aborted) return;
  document.title = `${about.filename} · UniSpeech`;
  const store = openStore(opened(transcript));
  const player = await makePlayer(base, { duration: about.duration }, signal);
  let bar = null;
  const view = transcriptView(
    store,
    player,
    {
      readOnly: true,
      marked: (row, segment, index) => bar?.marked(row, segment, index),
      sounding: (segment) => player.wave.show({ segment: { ...segment, fixed: true } }),
    },
    signal,
  );
  bar = findBar(store, view, { readOnly: true });
  const run = {
    find: () => bar.open(false),
    export: (button) =>
      openMenu(
        button,
        FORMATS.map((format) => ({
          label: t(`format.${format}`),
          run: () => download(base, format, about.filename).catch(complain),
        })),
        t("export.title"),
      ),
    play: player.toggle,
    back: () => player.skip(-3),
    forward: () => player.skip(3),
    slower: () => player.faster(-1),
    faster: () => player.faster(1),
    loop: () =>
      player.loop(player.looping ? null : (store.document.segments[view.speaking()] ?? null)),
  };
  const tools = makeToolbar(about, (name, button) => run[name]?.(button), { readOnly: true });
  main.classList.add("editor");
  document.body.classList.add("editing");
  main.append(
    h("div", { class: "above" }, tools.element, bar.element),
    h("div", { class: "stage" }, h("div", { class: "column" }, view.element), player.video),
    player.element,
  );
  view.draw();
  const subtitles = () => player.subtitles(layoutOf(), transcript.language).catch(() => {});
  subtitles();
  listen(main, view, player, run, signal);
  corrections(
    token,
    etag,
    (fresh) => {
      store.change(become(store.document, opened(fresh)), "loaded");
      subtitles();
      whisper(t("shared.corrected"));
    },
    signal,
  ).catch(complain);
}

// What the link shows, once there is a text.
async function written(main, token, signal) {
  let about = await api.shared(token);
  if (about.revision === null)
    main.append(h("p", { class: "note", role: "status" }, t("shared.wait")));
  while (about.revision === null && !signal.aborted) {
    await pause(LOOK, signal);
    about = await api.shared(token);
  }
  if (!signal.aborted) main.replaceChildren();
  return about;
}

// What is corrected meanwhile appears by itself; who hides the page is not told before they come back.
async function corrections(token, etag, changed, signal) {
  let seen = etag;
  while (!signal.aborted) {
    await pause(LOOK, signal);
    if (signal.aborted || document.hidden) continue;
    try {
      const { revision } = await api.shared(token);
      if (`"${revision}"` === seen) continue;
      const fresh = await api.transcript(api.place.ofShare(token));
      if (signal.aborted) return;
      seen = fresh.etag;
      changed(fresh.transcript);
    } catch (error) {
      if (error.status === 404) throw error; // the link has ended; else it comes back by itself
    }
  }
}

function listen(main, view, player, run, signal) {
  view.element.addEventListener("click", (event) => {
    const row = view.row(event.target.closest(".segment"));
    if (!row) return;
    if (event.target.closest("[data-do]")) return player.playFrom(row.item.start);
    const letter = getSelection().isCollapsed
      ? letterAt(row, row.item, event.clientX, event.clientY)
      : null;
    if (letter !== null) player.playFrom(timeAt(row.item, letter));
  });
  main.addEventListener(
    "click",
    (event) => run[event.target.closest("[data-command]")?.dataset.command]?.(),
    { signal },
  );
  document.addEventListener(
    "keydown",
    (event) => {
      const command = event.target.closest("dialog, [popover], .findbar input")
        ? null
        : commandOf(event);
      if (!run[command] || command === "export") return;
      event.preventDefault();
      run[command]();
    },
    { signal },
  );
}
