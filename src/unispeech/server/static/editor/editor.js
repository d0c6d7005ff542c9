// The editor of one recording: transcript, player and commands. This file only connects the parts, which have
// files of their own.

/** @import { JobShown, Transcript } from "../service.d.ts" */
/** @import { Command } from "./commands.js" */
/** @import { Opener } from "./panels.js" */
/** @import { Player } from "./player.js" */
/** @import { SegmentRow } from "./rows.js" */

import * as api from "../api.js";
import { around, h } from "../dom.js";
import { complain } from "../messages.js";
import { settings } from "../settings.js";
import { t } from "../strings/index.js";
import { opened } from "../transcript/document.js";
import { closeGap, insert, setTimes } from "../transcript/edits.js";
import { layoutOf } from "../views/layout.js";
import { Autosave } from "./autosave.js";
import { commands } from "./commands.js";
import { doubts } from "./doubts.js";
import { FindBar } from "./findbar.js";
import { commandOf } from "./keys.js";
import { Navigation } from "./navigation.js";
import { panels } from "./panels.js";
import { openPlayer } from "./player.js";
import { SubtitleProblems } from "./problems.js";
import { Store } from "./store.js";
import { Sync } from "./sync.js";
import { Toolbar } from "./toolbar.js";
import { TranscriptView } from "./transcript.js";
import { typing } from "./typing.js";

/** Commands whose keys work only in the text of a row, which handles them first. */
const TYPED = ["split", "mergeBack", "mergeOn"];
/** Commands whose keys need a row. */
const OF_ROW = [
  "moveBack",
  "moveOn",
  "begins",
  "ends",
  "earlier",
  "later",
  "times",
  "speaker",
  "menu",
];

/**
 * Show the editor of a finished job until `signal` is aborted.
 * @param {HTMLElement} main
 * @param {AbortSignal} signal
 * @param {JobShown} job
 */
export async function show(main, signal, job) {
  const place = api.place.ofJob(job.id);
  const ticket = async () => `api/shared/${(await api.ticket(job.id)).token}`;
  const options = { duration: job.duration, ticket: settings.key ? ticket : null };
  const [{ transcript, etag }, player] = await Promise.all([
    api.transcript(place),
    openPlayer(place, options, signal),
  ]);
  if (signal.aborted) return;
  const editor = new Editor(job, transcript, etag, player, signal);
  editor.showIn(main);
  const index = Number(sessionStorage.getItem("unispeech.at") ?? Number.NaN);
  sessionStorage.removeItem("unispeech.at");
  if (index >= 0) editor.focus(index);
}

class Editor {
  /** @type {Record<string, Command>} */
  #commands;
  /** @type {Record<string, Opener>} */
  #panels;
  #player;
  #signal;
  #transcript;
  #store;
  #problems;
  #view;
  #bar;
  #tools;
  #sync;

  /**
   * @param {JobShown} job
   * @param {Transcript} transcript
   * @param {string} etag
   * @param {Player} player
   * @param {AbortSignal} signal
   */
  constructor(job, transcript, etag, player, signal) {
    const store = new Store(opened(transcript));
    const problems = new SubtitleProblems(job.id, store);
    /** @type {import("./transcript.js").Options} */
    const shown = {
      problems: (segment) => problems.of(segment),
      sounding: (segment) => player.wave.show({ segment }),
    };
    const view = new TranscriptView(store, player, shown, signal);
    const bar = new FindBar(store, view);
    /** @type {import("./panels.js").Run} */
    const run = (command, row) => this.#run(command, row);
    const tools = new Toolbar(job, (command, button) => this.#run(command, null, button));
    const refresh = () => this.#refreshSubtitles();
    /** @type {import("./autosave.js").Callbacks} */
    const callbacks = {
      onState: (state, message) => tools.showState(state, message),
      onSaved: refresh,
      resolve: () => this.#resolve(),
    };
    const saving = new Autosave(store, job.id, etag, callbacks, signal);
    const sync = new Sync(job, store, saving, refresh, signal);
    const navigation = new Navigation(store, player, view);
    this.#commands = commands({ store, player, view, navigation });
    this.#panels = panels({ job, store, view, bar, saving, sync, problems, run });
    this.#player = player;
    this.#signal = signal;
    this.#transcript = transcript;
    this.#store = store;
    this.#problems = problems;
    this.#view = view;
    this.#bar = bar;
    this.#tools = tools;
    this.#sync = sync;
  }

  /** @param {HTMLElement} main */
  showIn(main) {
    const { warnings = [] } = this.#transcript;
    const { segments, gaps } = this.#store.document;
    const isSilent = !segments.length && !gaps.length;
    main.classList.add("editor");
    document.body.classList.add("editing");
    main.append(
      h("div", { class: "above" }, this.#tools.element, this.#bar.element),
      h(
        "div",
        { class: "stage" },
        h(
          "div",
          { class: "column" },
          this.#sync.rerun.element,
          warnings.length ? h("p", { class: "note doubt" }, warnings.join(" ")) : "",
          isSilent ? this.#silence() : "",
          this.#view.element,
        ),
        this.#player.video,
      ),
      this.#player.element,
    );
    this.#view.draw();
    this.#listen(main);
    this.#showCounts();
    this.#tools.showState("saved");
    this.#refreshSubtitles();
    this.#sync.follow().catch(complain);
  }

  /** The note of a recording without text, until there is some. */
  #silence() {
    const add = h("button", { type: "button", data: { command: "add" } }, t("command.add"));
    const note = h("div", { class: "row" }, h("p", { class: "soft" }, t("editor.silent")), add);
    this.#store.listen(() => {
      note.hidden = this.#store.document.segments.length > 0;
    });
    return note;
  }

  /** @param {number} index */
  focus(index) {
    this.#view.focus(index, 0);
  }

  /** @param {HTMLElement} main */
  #listen(main) {
    const [store, view, signal] = [this.#store, this.#view, this.#signal];
    store.listen(() => this.#showCounts());
    this.#problems.onChange((count) => {
      this.#tools.showProblems(count);
      view.refresh();
    });
    typing(view, { store, player: this.#player, run: (command, row) => this.#run(command, row) });
    view.element.addEventListener("click", (event) => this.#pressInRow(event));
    this.#player.wave.onMove(({ key, start, end }) => {
      const index = store.document.segments.findIndex((segment) => segment.key === key);
      if (index >= 0) store.change(setTimes(store.document, index, start, end));
    });
    document.addEventListener("keydown", (event) => this.#press(event), { signal });
    /** @param {Event} event */
    const click = (event) => {
      const command = around(event, "[data-command]")?.dataset.command;
      if (command) this.#run(command);
    };
    main.addEventListener("click", click, { signal });
    const { element } = this.#player;
    new ResizeObserver(() => {
      const height = `${element.offsetHeight}px`;
      document.documentElement.style.setProperty("--player-height", height);
    }).observe(element);
  }

  /**
   * @param {string} name
   * @param {SegmentRow | null} [row]
   * @param {HTMLElement} [button]
   */
  async #run(name, row = null, button) {
    try {
      if (name in this.#commands) this.#commands[name](row);
      else await this.#panels[name]?.(row, button);
    } catch (error) {
      complain(error);
    }
  }

  async #resolve() {
    try {
      return await this.#sync.resolve();
    } catch (error) {
      complain(error);
      return null;
    }
  }

  #showCounts() {
    const { segments, gaps } = this.#store.document;
    this.#tools.showDoubts(doubts(this.#store.document).length);
    this.#tools.showSteps(this.#store.canUndo, this.#store.canRedo);
    this.#player.wave.show({ gaps, segment: segments[this.#view.speaking] ?? null });
  }

  /** Show the current subtitles of the server and their problems. */
  #refreshSubtitles() {
    this.#problems.refresh();
    this.#player.subtitles(layoutOf(), this.#transcript.language).catch(() => {}); // retried after the next save
  }

  /**
   * Handle a key that works everywhere except in dialogs and menus.
   * @param {KeyboardEvent} event
   */
  #press(event) {
    if (event.defaultPrevented || around(event, "dialog, [popover], .findbar input")) return;
    const command = commandOf(event);
    if (!command || TYPED.includes(command)) return;
    const row = this.#view.row(around(event, ".segment"));
    if (OF_ROW.includes(command) && !row) return;
    event.preventDefault();
    this.#run(command, row);
  }

  /** @param {MouseEvent} event */
  #pressInRow(event) {
    const button = around(event, "[data-do]");
    if (!button) return;
    const action = button.dataset.do ?? "";
    const row = this.#view.row(button.closest(".segment"));
    if (!row) this.#pressInGap(action, this.#view.gap(button.closest(".gap")));
    else if (action === "play") this.#player.playFrom(row.segment.start);
    else this.#run(action, row);
  }

  /**
   * @param {string} action
   * @param {number} index
   */
  #pressInGap(action, index) {
    const store = this.#store;
    const gap = store.document.gaps[index];
    if (!gap) return;
    if (action === "play") this.#player.playFrom(gap.start, gap.end);
    if (action === "again") this.#sync.decodeAgain(gap).catch(complain);
    if (action === "close") store.change(closeGap(store.document, index));
    if (action === "write") {
      const { document } = store;
      store.change([...closeGap(document, index), ...insert(document, gap.start, gap.end)]);
      const { segments } = store.document;
      this.#view.focus(
        segments.findIndex(({ start, text }) => start === gap.start && !text),
        0,
      );
    }
  }
}
