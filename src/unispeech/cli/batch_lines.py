"""The lines that `unispeech batch` prints: progress, totals, and the estimate of a dry run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import click

from unispeech.backends import choose
from unispeech.cli.notices import notify

if TYPE_CHECKING:
    from unispeech.backends.settle import Settled
    from unispeech.corpus.estimate import Estimate
    from unispeech.corpus.manifest import Manifest
    from unispeech.corpus.parts import Output
    from unispeech.corpus.rows import Shard
    from unispeech.corpus.run import Tally

OnRow: TypeAlias = "Callable[[Tally], object]"

EVERY = 60.0
"""Seconds from one line of progress to the next, if stderr is no terminal."""


def ending(failed: int, target: Output) -> str:
    return f"{failed:,} failed, see {target.folder / 'errors'}" if failed else "none failed"


def counted(done: int, tally: Tally, seconds: float) -> str:
    """`2,000 rows (500 of them before), 3.1 h of sound at 37x real time`."""
    before = f" ({done:,} of them before)" if done else ""
    speed = f" at {tally.sound / seconds:.1f}x real time" if seconds and tally.sound else ""
    return f"{done + tally.rows:,} rows{before}, {tally.sound / 3600:.2f} h of sound{speed}"


@contextmanager
def progress(quiet: bool, rows: Manifest, target: Output) -> Iterator[Callable[[Tally], object]]:
    """Yield the callback of a run: a bar on a terminal, else a line now and then."""
    done, began = target.done(), time.monotonic()
    if quiet:
        yield lambda tally: None
        return
    if not sys.stderr.isatty():
        last_line = [began]

        def on_row(tally: Tally) -> None:
            now = time.monotonic()
            if now - last_line[0] >= EVERY:
                last_line[0] = now
                notify(f"{counted(done, tally, now - began)}; {tally.failed:,} failed")

        yield on_row
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    total = rows.count()
    share = None if total is None else len(range(target.shard.index - 1, total, target.shard.count))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{done:,} rows", total=share, completed=done)

        def on_row(tally: Tally) -> None:
            line = counted(done, tally, time.monotonic() - began)
            failed = f"; {tally.failed:,} failed" if tally.failed else ""
            bar.update(task, completed=done + tally.rows, description=line + failed)

        yield on_row


def print_estimate(
    left: Estimate, shard: Shard, settled: Settled, hourly_price: float | None
) -> None:
    """Print what is left of a run, and what it takes by the figures of the last benchmark."""
    from unispeech.corpus.estimate import speed as measured_speed

    def duration(seconds: float) -> str:
        return f"{seconds / 3600:,.1f} h" if seconds >= 3600 else f"{seconds / 60:.1f} min"

    of = f" of shard {shard.index}/{shard.count}" if shard.count > 1 else ""
    click.echo(f"rows to transcribe{of}: {left.rows:,}")
    guessed = f" (from the headers of {left.looked_at:,})" if left.looked_at else ""
    click.echo(f"sound: {duration(left.seconds)}{guessed}")
    click.echo(f"parts: {left.parts:,}")
    speed = measured_speed(
        choose.load_measurements(),
        settled.spec.name,
        settled.model.name,
        settled.requested.decode.beam,
    )
    if speed is None:
        click.echo(
            f"time: unknown; run `unispeech bench` with {settled.model.name} on "
            f"{settled.spec.name} first"
        )
        return
    click.echo(
        f"time: {duration(left.seconds / speed)} at {speed:.1f}x real time, as measured here"
    )
    if hourly_price is not None:
        click.echo(f"cost: {left.seconds / 3600 / speed * hourly_price:,.2f}")
