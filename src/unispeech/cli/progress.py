"""Progress on stderr: a bar where somebody can see it, else one line for each long wait."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from unispeech.cli import say
from unispeech.types import Progress

WAITS = {
    "download": "fetching the model {}",
    "convert": "converting the model {}, once",
    "write": "converting {}",
    "wait": "waiting for another process that is fetching the model {}",
    "queue": "waiting for another installation of {}",
    "making": "making the environment of {}",
    "downloading": "fetching what {} needs",
    "installing": "installing what {} needs",
}
"""What takes long before the work begins, by stage."""


@contextmanager
def bar(quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """What to call with the progress of a run. Notes of a conversion are said either way."""
    if quiet or not sys.stderr.isatty():
        yield _lines(quiet)
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
    with Bar(
        *columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()
    ) as drawn:
        task = drawn.add_task("loading", total=None)
        shown = [""]

        def on_progress(progress: Progress) -> None:
            label = f"{progress.stage} {Path(progress.source).name}".strip()
            if label != shown[0]:
                shown[0] = label
                drawn.reset(task, description=label, total=progress.total)
            drawn.update(task, completed=progress.done, total=progress.total)
            for note in progress.detail.get("notes", ()):
                console.print(f"unispeech: {note}", markup=False, highlight=False)

        yield on_progress


def _lines(quiet: bool) -> Callable[[Progress], None]:
    said = set[tuple[str, str]]()

    def on_progress(progress: Progress) -> None:
        key = progress.stage, progress.source
        if progress.stage in WAITS and key not in said and not quiet:
            said.add(key)
            say(WAITS[progress.stage].format(progress.source))
        for note in progress.detail.get("notes", ()):
            say(note)

    return on_progress
