// View of a share link: the text and its audio, to read, play, search and download.

/** @import { SharedJob, Transcript } from "../service.d.ts" */
/** @import { Player } from "../editor/player.js" */
/** @import { TranscriptView as View } from "../editor/transcript.js" */

import * as api from "../api.js";
import { around, h, selection } from "../dom.js";
import { letterAt } from "../editor/caret.js";
import { playerCommands } from "../editor/commands.js";
import { FindBar } from "../editor/findbar.js";
import { commandOf } from "../editor/keytable.js";
import { openPlayer } from "../editor/player.js";
import { Store } from "../editor/store.js";
import { Toolbar } from "../editor/toolbar.js";
import { TranscriptView } from "../editor/transcript.js";
import { timeAt } from "../editor/typing.js";
import { pause } from "../events.js";
import { openMenu } from "../menu.js";
import { complain, whisper } from "../messages.js";
import { t } from "../strings/index.js";
import { become, opened } from "../transcript/document.js";
import { download, GROUPS } from "./export.js";
import { layoutOf } from "./layout.js";
import { SharedTranslation } from "./sharedtranslation.js";

const LOOK = 5000; // milliseconds between two checks for a corrected text

/** @typedef {Record<string, () => unknown>} Commands */

/** @type {import("../main.js").View["show"]} */
export async function show(main, signal, token) {
  const base = api.place.ofShare(token);
  const about = await written(main, token, signal);
  if (signal.aborted) return;
  const { transcript } = await api.transcript(base);
  if (signal.aborted) return;
  document.title = `${about.filename} · UniSpeech`;
  const store = new Store(opened(transcript));
  const player = await openPlayer(base, { duration: about.duration }, signal);
  /** @type {import("../editor/transcript.js").Options} */
  const options = {
    readOnly: true,
    sounding: (segment) => player.wave.show({ segment: { ...segment, fixed: true } }),
  };
  const view = new TranscriptView(store, player, options, signal);
  const bar = new FindBar(store, view, { readOnly: true });
  /** @type {Commands} */
  const commands = {
    ...playerCommands(player),
    find: () => bar.open(false),
    loop: () => {
      const sounding = store.document.segments[view.speaking] ?? null;
      player.loop(player.isLooping ? null : sounding);
    },
  };
  /** @type {import("../editor/toolbar.js").Run} */
  const run = (command, button) =>
    command === "export" ? openFormats(button, base, about.filename) : commands[command]?.();
  const tools = new Toolbar(about, run, { readOnly: true });
  main.classList.add("editor");
  document.body.classList.add("editing");
  const translation = new SharedTranslation(base, store, view);
  const column = h("div", { class: "column" }, translation.element, view.element);
  main.append(
    h("div", { class: "above" }, tools.element, bar.element),
    h("div", { class: "stage" }, column, player.video),
    player.element,
  );
  view.draw();
  translation.follow(about.translation).catch(complain);
  const refresh = () => player.subtitles(layoutOf(), transcript.language).catch(() => {}); // retried with the next correction
  refresh();
  listen(main, view, player, commands, signal);
  /** @param {Transcript} latest */
  const correct = (latest) => {
    store.change(become(store.document, opened(latest)), "loaded");
    refresh();
    whisper(t("shared.corrected"));
  };
  /** @param {SharedJob} latest */
  const seen = (latest) => translation.follow(latest.translation);
  followCorrections(token, about.revision, { correct, seen }, signal).catch(complain);
}

/**
 * @param {HTMLElement} button
 * @param {string} base
 * @param {string} filename
 */
function openFormats(button, base, filename) {
  const groups = GROUPS.map(([, formats]) =>
    formats.map((format) => ({
      label: t(`format.${format}`),
      run: () => download(base, format, filename).catch(complain),
    })),
  );
  const items = groups.flatMap((group, number) => (number ? [null, ...group] : group));
  openMenu(button, items, t("export.title"));
}

/**
 * Facts of the shared recording once it has a text.
 * @param {HTMLElement} main
 * @param {string} token
 * @param {AbortSignal} signal
 */
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

/**
 * Call `correct` with every later transcript, and `seen` with the facts of each look; nothing is fetched while the
 * page is hidden.
 * @param {string} token
 * @param {number | null} shown revision
 * @param {{ correct: (transcript: Transcript) => void, seen: (job: SharedJob) => Promise<void> }} callbacks
 * @param {AbortSignal} signal
 */
async function followCorrections(token, shown, { correct, seen }, signal) {
  let known = shown;
  while (!signal.aborted) {
    await pause(LOOK, signal);
    if (signal.aborted || document.hidden) continue;
    try {
      const about = await api.shared(token);
      const { revision } = about;
      if (revision !== known) {
        const latest = await api.transcript(api.place.ofShare(token));
        if (signal.aborted) return;
        known = revision;
        correct(latest.transcript);
      }
      await seen(about).catch(() => {}); // a translation that cannot be had now is looked for again
    } catch (error) {
      if (api.statusOf(error) === 404) throw error; // the link has expired; other errors pass
    }
  }
}

/**
 * @param {HTMLElement} main
 * @param {View} view
 * @param {Player} player
 * @param {Commands} commands
 * @param {AbortSignal} signal
 */
function listen(main, view, player, commands, signal) {
  view.element.addEventListener("click", (event) => {
    const row = view.row(around(event, ".segment"));
    if (!row) return;
    if (around(event, "[data-do]")) return player.playFrom(row.segment.start);
    const letter = selection().isCollapsed ? letterAt(row, row.segment, event) : null;
    if (letter !== null) player.playFrom(timeAt(row.segment, letter));
  });
  /** @param {Event} event */
  const click = (event) => {
    const command = around(event, "[data-command]")?.dataset.command;
    if (command) commands[command]?.();
  };
  main.addEventListener("click", click, { signal });
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (around(event, "dialog, [popover], .findbar input")) return;
    const command = commandOf(event);
    if (!command || !(command in commands)) return;
    event.preventDefault();
    commands[command]();
  };
  document.addEventListener("keydown", press, { signal });
}
