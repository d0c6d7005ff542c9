"""`unispeech watch`."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from unispeech.cli import flags, names
from unispeech.cli.arrivals import Arrivals
from unispeech.cli.format_flags import (
    check_formats,
    detail_options,
    details_of,
    format_option,
)
from unispeech.cli.help import option
from unispeech.cli.inputs import Input
from unispeech.cli.interrupts import exit_promptly
from unispeech.cli.layout import layout_of, layout_options
from unispeech.cli.notices import notify
from unispeech.cli.output import Destination, Output
from unispeech.cli.progress import progress_bar
from unispeech.cli.transcribe import (
    Transcribe,
    language_suffix_option,
    run,
    settle,
)
from unispeech.errors import OptionError

TICK = 1.0
"""Seconds between two looks at the recordings that wait."""
RESCAN = 300.0
"""Seconds between two searches of the whole folder, in case the system lost an event."""
WATCHING = "Folder"


@click.command(cls=Transcribe)
@click.argument("folder", type=click.Path(path_type=Path))
@format_option
@flags.output_dir("next to each recording")
@option(
    "--overwrite",
    group=flags.OUTPUT,
    is_flag=True,
    help="Transcribe a recording again when it changes.",
)
@language_suffix_option
@option(
    "--move-to",
    group=WATCHING,
    type=click.Path(file_okay=False, path_type=Path),
    help="Move recordings here when their transcripts are written.",
)
@option(
    "--quiet-for",
    group=WATCHING,
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="A recording that has not changed for so long is complete.",
)
@option(
    "--poll", group=WATCHING, is_flag=True, help="Look for files, for drives without events (NFS)."
)
@option("--once", group=WATCHING, is_flag=True, help="Exit when no recording is left to try.")
@flags.backend
@flags.model
@flags.options()
@detail_options
@layout_options
@flags.quiet
def watch(
    folder: Path,
    formats: list[str],
    output_dir: Path | None,
    overwrite: bool,
    language_suffix: bool,
    move_to: Path | None,
    quiet_for: float,
    poll: bool,
    once: bool,
    backend: str,
    model: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Transcribe recordings that are in FOLDER or appear there, until Ctrl-C.

    A recording is done when its output files exist, as for `transcribe --skip-existing`. A failed
    one is tried again after a minute and after ten.

    \b
    Examples:
      unispeech watch inbox --output-dir transcripts
      unispeech watch inbox --output-format srt,json --move-to done
    """
    if not folder.is_dir():
        raise click.UsageError(f"{folder}: there is no such folder")
    layout, details = layout_of(options), details_of(options)
    explicit = flags.explicit_options(options)
    speakers = check_formats(formats, layout, details, explicit)
    if move_to is not None and move_to.resolve().is_relative_to(folder.resolve()):
        raise click.UsageError("--move-to is inside the watched folder; choose another")
    destination = Destination(output_dir, output_dir is None, language_suffix, overwrite)
    output = Output(formats, destination, layout, True, speakers, details)
    with exit_promptly(), progress_bar(quiet) as on_progress:
        from unispeech.audio.decoding_process import decoding_in_children
        from unispeech.engine.engine import Engine

        engine = Engine.of(settle(backend, model, explicit), on_progress)
        watched = Watched(
            folder,
            output,
            move_to,
            quiet_for,
            lambda inputs: run(engine, inputs, output, on_progress),
        )
        with decoding_in_children(files=2):  # many, sooner or later
            watched.look(time.monotonic())
            notify(f"watching {folder}")
            _follow(watched, folder, poll, once)


class Watched:
    """A watched folder. `transcribe` writes what it can, and reports the rest."""

    def __init__(
        self,
        folder: Path,
        output: Output,
        move_to: Path | None,
        quiet_for: float,
        transcribe: Callable[[list[Input]], object],
    ) -> None:
        self._folder = folder
        self._output = output
        self._move_to = move_to
        self._transcribe = transcribe
        self._next_search = float("-inf")
        self.arrivals = Arrivals(quiet_for)

    def look(self, now: float) -> None:
        """Search the whole folder, if it is time to."""
        if now >= self._next_search:
            self._next_search = now + RESCAN
            self.arrivals.note([self._folder], now)

    def work(self, now: float) -> bool:
        """Transcribe the complete recordings. Return True if any was tried."""
        inputs = [Input(path) for path in self.arrivals.complete(now)]
        if not inputs:
            return False
        self._output.place(inputs)
        undone = [source for source in inputs if not self._output.is_done(source)]
        if undone:
            self._transcribe(undone)
        for source in inputs:
            self._settle(source, source in undone, now)
        return bool(undone)

    def _settle(self, source: Input, was_tried: bool, now: float) -> None:
        assert source.path is not None
        if not self._output.is_done(source):
            wait = self.arrivals.fail(source.path, now)
            if wait is None:
                notify(f"{source.name}: given up until it changes or watch starts again")
            else:
                notify(f"{source.name}: next attempt in {wait / 60:g} min")
            return
        self.arrivals.finish(source.path)
        if was_tried:
            notify(f"{source.name}: done")
        if self._move_to is not None:
            self._move(source.path, self._move_to)

    def _move(self, path: Path, target_folder: Path) -> None:
        target = target_folder / path.relative_to(self._folder)
        number = 2
        while target.exists():
            target = target.with_name(f"{path.stem}-{number}{path.suffix}")
            number += 1
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
        except OSError as error:
            notify(f"{path}: not moved to {target} ({error.strerror or error})")
            return
        names.follow(self._output.folder_of(path), path, target)


def _follow(watched: Watched, folder: Path, poll: bool, once: bool) -> None:
    """Feed the changes of a folder to `watched`.

    Raises:
        OptionError: the system cannot watch the folder.
    """
    import watchfiles

    changes = watchfiles.watch(
        folder,
        watch_filter=None,
        rust_timeout=round(1000 * TICK),
        yield_on_timeout=True,
        force_polling=poll or None,
        ignore_permission_denied=True,
    )
    try:
        for changed in changes:
            now = time.monotonic()
            watched.arrivals.note((Path(path) for _, path in changed), now)
            watched.look(now)
            watched.work(now)
            if once and not watched.arrivals.has_more():
                sys.exit(1 if watched.arrivals.has_failed() else 0)
    except OSError as error:
        raise OptionError(f"{folder}: cannot be watched ({error})", "try --poll") from error
