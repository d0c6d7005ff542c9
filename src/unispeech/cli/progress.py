"""Progress on stderr: a bar on a terminal, else one line for each long wait."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from unispeech.cli.notices import notify
from unispeech.types import Progress

WAITS = {
    "download": "downloading the model {}",
    "convert": "converting the model {} (only once)",
    "write": "converting {}",
    "wait": "waiting for another process that is downloading the model {}",
    "queue": "waiting for another installation of {}",
    "making": "creating the environment of {}",
    "downloading": "downloading the packages of {}",
    "installing": "installing the packages of {}",
}
"""Lines for the stages that take long before the work begins."""


@contextmanager
def progress_bar(quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """Yield the `on_progress` callback of a run. It prints notes of conversions even if quiet."""
    if quiet or not sys.stderr.isatty():
        yield _print_waits(quiet)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Bar(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("loading", total=None)
        shown = [""]

        def on_progress(progress: Progress) -> None:
            label = f"{progress.stage} {Path(progress.source).name}".strip()
            if label != shown[0]:
                shown[0] = label
                bar.reset(task, description=label, total=progress.total)
            bar.update(task, completed=progress.done, total=progress.total)
            for note in progress.detail.get("notes", ()):
                console.print(f"unispeech: {note}", markup=False, highlight=False)

        yield on_progress


def _print_waits(quiet: bool) -> Callable[[Progress], None]:
    printed = set[tuple[str, str]]()

    def on_progress(progress: Progress) -> None:
        key = progress.stage, progress.source
        if progress.stage in WAITS and key not in printed and not quiet:
            printed.add(key)
            notify(WAITS[progress.stage].format(progress.source))
        for note in progress.detail.get("notes", ()):
            notify(note)

    return on_progress
