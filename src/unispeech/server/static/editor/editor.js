// The editor of one recording: transcript, player and commands. This file only connects the parts, which have
// files of their own.

/** @import { JobInFull, Transcript } from "../service.d.ts" */
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
import { setTimes } from "../transcript/edits.js";
import { layoutOf } from "../views/layout.js";
import { Autosave } from "./autosave.js";
import { Choosing } from "./choosing.js";
import { commands } from "./commands.js";
import { Desk } from "./desk.js";
import { deskTabs } from "./desktabs.js";
import { doubts } from "./doubts.js";
import { FindBar } from "./findbar.js";
import { pressInGap } from "./gaps.js";
import { commandOf } from "./keytable.js";
import { Navigation } from "./navigation.js";
import { panels } from "./panels.js";
import { openPlayer } from "./player.js";
import { printable } from "./print.js";
import { SubtitleProblems } from "./problems.js";
import { copyChosen, copying, goToMoment } from "./quote.js";
import { Roster } from "./roster.js";
import { Seen } from "./seen.js";
import { pressDigit } from "./speakers.js";
import { Store } from "./store.js";
import { Sync } from "./sync.js";
import { Toolbar } from "./toolbar.js";
import { TranscriptView } from "./transcript.js";
import { Translation } from "./translation.js";
import { typewriter } from "./typewriter.js";
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
 * @param {JobInFull} job
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
  goToMoment(editor.page);
  const index = Number(sessionStorage.getItem("unispeech.at") ?? Number.NaN);
  sessionStorage.removeItem("unispeech.at");
  if (index >= 0) editor.page.view.focus(index, 0);
  if (job.translation) editor.page.translation.load().catch(complain);
}

class Editor {
  /** @type {Record<string, Command>} */
  #commands;
  /** @type {Record<string, Opener>} */
  #panels;
  #desk;
  #signal;
  #transcript;
  #tools;

  /**
   * @param {JobInFull} job
   * @param {Transcript} transcript
   * @param {string} etag
   * @param {Player} player
   * @param {AbortSignal} signal
   */
  constructor(job, transcript, etag, player, signal) {
    const store = new Store(opened(transcript));
    const roster = new Roster(store);
    const seen = new Seen(job.id);
    const problems = new SubtitleProblems(job.id, store);
    /** @type {import("./transcript.js").Options} */
    const shown = {
      roster,
      problems: (segment) => problems.of(segment),
      sounding: (segment) => {
        player.wave.show({ segment });
        this.#desk?.plan();
      },
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
    const translation = new Translation(job, transcript, store, view);
    /** @param {Transcript} latest */
    const loaded = (latest) => {
      refresh();
      translation.read(latest);
    };
    const sync = new Sync(job, store, saving, loaded, signal);
    sync.watch(
      (other) => translation.show(other),
      (id) => translation.forget(id),
    );
    const navigation = new Navigation(store, player, view, seen);
    const choosing = new Choosing(store, view, (command, button) =>
      this.#run(command, null, button),
    );
    const parts = { job, store, player, view, bar, problems, seen, roster, saving, sync };
    const page = { ...parts, navigation, choosing, translation, run };
    const tabs = deskTabs(page, () => this.#redraw());
    const desk = new Desk(tabs, signal);
    this.page = page;
    this.#commands = { ...commands(page), ...copying(page) };
    this.#panels = panels({ ...page, desk });
    this.#desk = desk;
    this.#signal = signal;
    this.#transcript = transcript;
    this.#tools = tools;
  }

  /** @param {HTMLElement} main */
  showIn(main) {
    const { warnings = [] } = this.#transcript;
    const { segments, gaps } = this.page.store.document;
    const isSilent = !segments.length && !gaps.length;
    main.classList.add("editor");
    document.body.classList.add("editing");
    main.append(
      h("div", { class: "above" }, this.#tools.element, this.page.bar.element),
      h(
        "div",
        { class: "stage" },
        h(
          "div",
          { class: "column" },
          this.page.sync.rerun.element,
          this.page.translation.element,
          warnings.length ? h("p", { class: "note doubt" }, warnings.join(" ")) : "",
          isSilent ? this.#silence() : "",
          this.page.view.element,
        ),
        this.page.player.video,
        this.#desk.element,
      ),
      this.page.choosing.element,
      this.page.player.element,
    );
    this.page.view.draw();
    this.#listen(main);
    this.#showCounts();
    this.#tools.showState("saved");
    this.#refreshSubtitles();
    this.page.sync.follow().catch(complain);
  }

  /** The note of a recording without text, until there is some. */
  #silence() {
    const add = h("button", { type: "button", data: { command: "add" } }, t("command.add"));
    const note = h("div", { class: "row" }, h("p", { class: "soft" }, t("editor.silent")), add);
    this.page.store.listen(() => {
      note.hidden = this.page.store.document.segments.length > 0;
    });
    return note;
  }

  /** @param {HTMLElement} main */
  #listen(main) {
    const [store, view, signal] = [this.page.store, this.page.view, this.#signal];
    store.listen(() => this.#showCounts());
    copyChosen(this.page, signal);
    printable(main, this.page.job.filename, store, signal);
    typewriter(view.element);
    view.onMark((row) => this.page.choosing.mark(row));
    this.page.problems.onChange((count) => {
      this.#tools.showProblems(count);
      this.#desk.plan();
      view.refresh();
    });
    typing(view, {
      store,
      player: this.page.player,
      run: (command, row) => this.#run(command, row),
    });
    view.element.addEventListener("click", (event) => this.#pressInRow(event));
    this.page.player.wave.onMove(({ key, start, end }) => {
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
    const { element } = this.page.player;
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
      return await this.page.sync.resolve();
    } catch (error) {
      complain(error);
      return null;
    }
  }

  #showCounts() {
    const { segments, gaps } = this.page.store.document;
    this.#tools.showDoubts(doubts(this.page.store.document).length);
    this.#desk.plan();
    this.#tools.showSteps(this.page.store.canUndo, this.page.store.canRedo);
    this.page.player.wave.show({
      gaps,
      segments,
      segment: segments[this.page.view.speaking] ?? null,
    });
  }

  /** Show the current subtitles of the server and their problems. */
  #refreshSubtitles() {
    this.page.problems.refresh();
    this.page.player.subtitles(layoutOf(), this.#transcript.language).catch(() => {}); // retried after the next save
  }

  /**
   * Handle a key that works everywhere except in dialogs and menus.
   * @param {KeyboardEvent} event
   */
  #press(event) {
    if (event.defaultPrevented || around(event, "dialog, [popover], .findbar input")) return;
    const row = this.page.view.row(around(event, ".segment"));
    if (pressDigit(this.page, event, row)) return event.preventDefault();
    const command = commandOf(event);
    if (!command || TYPED.includes(command)) return;
    if (event.key === "Escape" && this.page.choosing.clear()) return event.preventDefault();
    if (OF_ROW.includes(command) && !row) return;
    event.preventDefault();
    this.#run(command, row);
  }

  /** Mark the words and count the doubts again. */
  #redraw() {
    this.page.view.refresh();
    this.#showCounts();
  }

  /** @param {MouseEvent} event */
  #pressInRow(event) {
    const button = around(event, "[data-do]");
    if (!button) return;
    const action = button.dataset.do ?? "";
    const row = this.page.view.row(button.closest(".segment"));
    if (!row) pressInGap(this.page, action, this.page.view.gap(button.closest(".gap")));
    else if (action === "play") this.page.player.playFrom(row.segment.start);
    else this.#run(action, row);
  }
}
