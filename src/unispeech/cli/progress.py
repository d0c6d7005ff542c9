"""A bar on stderr with the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from unispeech.types import Progress

OnProgress = Callable[[Progress], None]


@contextmanager
def bar(quiet: bool) -> Iterator[OnProgress]:
    """A bar on stderr with the time left, where somebody can see it."""
    if quiet or not sys.stderr.isatty():
        yield lambda progress: None
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
    ) as shown_bar:
        task = shown_bar.add_task("loading", total=None)
        shown = [""]

        def on_progress(progress: Progress) -> None:
            label = f"{progress.stage} {Path(progress.source).name}".strip()
            if label != shown[0]:
                shown[0] = label
                shown_bar.reset(task, description=label, total=progress.total)
            shown_bar.update(task, completed=progress.done, total=progress.total)

        yield on_progress
