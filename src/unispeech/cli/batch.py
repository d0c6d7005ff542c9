"""`unispeech batch`."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unispeech.backends import choose
from unispeech.cli import flags
from unispeech.cli.help import option
from unispeech.cli.interrupts import exit_promptly
from unispeech.cli.notices import notify
from unispeech.cli.progress import progress_bar
from unispeech.cli.transcribe import Transcribe, settle

if TYPE_CHECKING:
    from unispeech.backends.settle import Settled
    from unispeech.corpus.estimate import Estimate
    from unispeech.corpus.manifest import Manifest
    from unispeech.corpus.parts import Output
    from unispeech.corpus.rows import Shard
    from unispeech.corpus.run import Limits, Tally

ROWS = "Rows"
EVERY = 60.0
"""Seconds from one line of progress to the next, if stderr is no terminal."""


class ShardType(click.ParamType["Shard"]):
    """`2/8`, the second of eight."""

    name = "shard"

    def convert(self, value: Any, param: Any, ctx: Any) -> Shard:
        from unispeech.corpus.rows import Shard

        if isinstance(value, Shard):
            return value
        index, slash, count = value.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal()):
            self.fail(f"{value!r}: give it as 2/8, the second of eight", param, ctx)
        if not 1 <= int(index) <= int(count):
            self.fail(f"{value!r}: shards are counted from 1 to {count}", param, ctx)
        return Shard(int(index), int(count))


@click.command(cls=Transcribe)
@click.argument("manifest")
@option(
    "-o",
    "--output",
    group=flags.OUTPUT,
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the parts.",
)
@option(
    "-f",
    "--output-format",
    "form",
    group=flags.OUTPUT,
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="Format of the parts.",
)
@option("--report", group=flags.OUTPUT, is_flag=True, help="Write report.html at the end.")
@option(
    "--shard",
    group=ROWS,
    type=ShardType(),
    default="1/1",
    metavar="I/N",
    help="Take every N-th row, for N runs beside each other.",
)
@option(
    "--max-errors",
    group=ROWS,
    type=click.IntRange(min=0),
    metavar="N",
    help="Stop when more than N rows have failed.  [default: never]",
)
@option("--retry-errors", group=ROWS, is_flag=True, help="Transcribe parts with failed rows again.")
@option(
    "--part-rows",
    group=ROWS,
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    metavar="N",
    help="Most rows in a part.",
)
@option(
    "--part-minutes",
    group=ROWS,
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="MINUTES",
    help="Minutes of sound after which a part ends.",
)
@option("--dry-run", group=ROWS, is_flag=True, help="Print what a run would take.")
@option(
    "--hourly-price",
    group=ROWS,
    type=click.FloatRange(min=0),
    metavar="PRICE",
    help="Price of an hour of this machine, for --dry-run.",
)
@flags.backend
@flags.model
@flags.options("batch")
@flags.quiet
def batch(
    manifest: str,
    output: Path,
    form: str,
    report: bool,
    shard: Shard,
    max_errors: int | None,
    retry_errors: bool,
    part_rows: int,
    part_minutes: float,
    dry_run: bool,
    hourly_price: float | None,
    backend: str,
    model: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Transcribe the rows of MANIFEST into parts, which a stopped run does not repeat.

    MANIFEST is JSON lines (NeMo, Lhotse), CSV, TSV, Parquet, a folder, a pattern, tar shards or
    hf:OWNER/DATASET. Run the same command again to continue. Exits with 1 if rows failed.

    \b
    Examples:
      unispeech batch corpus.jsonl --output out --dry-run
      unispeech batch corpus.jsonl --output out --model tiny.en
      unispeech batch recordings/ --output out --output-format parquet --shard 1/8
    """
    from unispeech.corpus import estimate as estimates
    from unispeech.corpus import manifest as manifests
    from unispeech.corpus import parts
    from unispeech.corpus import report as reports
    from unispeech.corpus.run import Limits

    _check_libraries(form, report)
    settled = settle(backend, model, flags.explicit_options(options))
    limits = Limits(part_rows, 60 * part_minutes, max_errors)
    rows = manifests.opened(manifest, output / "manifest.jsonl")
    target = parts.Output(output, shard, form)
    settings = _settings(manifest, form, shard, settled)
    if dry_run:
        target.look(settings)
        _print_estimate(
            estimates.estimate(target.undone(rows.rows()), limits), shard, settled, hourly_price
        )
        return
    with exit_promptly(), target.opened(settings):
        if retry_errors and (count := target.drop_failed()):
            notify(f"parts with failed rows, which are transcribed again: {count}")
        failed = _transcribe(rows, target, limits, settled, quiet)
        if report:
            notify(f"report: {reports.write(output, settings)}")
    if failed:
        sys.exit(1)


def _transcribe(
    rows: Manifest, target: Output, limits: Limits, settled: Settled, quiet: bool
) -> int:
    """Transcribe the rows that are left. Returns the number of failed rows in all parts."""
    from unispeech.audio.decoding_process import decoding_in_children
    from unispeech.corpus.run import run
    from unispeech.engine.engine import Engine

    done, failed = target.done(), target.failed()
    left = target.undone(rows.rows())
    first = next(left, None)
    if first is None:
        notify(f"no rows are left of {done:,}; {_ending(failed, target)}")
        return failed
    with progress_bar(quiet) as on_progress:
        engine = Engine.of(settled, on_progress)
    began = time.monotonic()
    with engine, decoding_in_children(files=2), _progress(quiet, rows, target) as on_row:
        tally = run(engine, itertools.chain([first], left), target, limits, on_row, failed)
    total = failed + tally.failed
    notify(f"{_counted(done, tally, time.monotonic() - began)}; {_ending(total, target)}")
    return total


def _ending(failed: int, target: Output) -> str:
    return f"{failed:,} failed, see {target.folder / 'errors'}" if failed else "none failed"


def _counted(done: int, tally: Tally, seconds: float) -> str:
    """`2,000 rows (500 of them before), 3.1 h of sound at 37x real time`."""
    before = f" ({done:,} of them before)" if done else ""
    speed = f" at {tally.sound / seconds:.1f}x real time" if seconds and tally.sound else ""
    return f"{done + tally.rows:,} rows{before}, {tally.sound / 3600:.2f} h of sound{speed}"


@contextmanager
def _progress(quiet: bool, rows: Manifest, target: Output) -> Iterator[Callable[[Tally], object]]:
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
                notify(f"{_counted(done, tally, now - began)}; {tally.failed:,} failed")

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
            line = _counted(done, tally, time.monotonic() - began)
            failed = f"; {tally.failed:,} failed" if tally.failed else ""
            bar.update(task, completed=done + tally.rows, description=line + failed)

        yield on_row


def _print_estimate(
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


def _check_libraries(form: str, report: bool) -> None:
    """Refuse before any work what could not be written after it."""
    needed = {"pyarrow": form == "parquet", "jinja2": report}
    for library, is_needed in needed.items():
        if is_needed and find_spec(library) is None:
            flag = "--report" if library == "jinja2" else "--output-format parquet"
            raise click.UsageError(f"{flag} needs {library}: pip install 'unispeech[batch]'")


def _settings(manifest: str, form: str, shard: Shard, settled: Settled) -> dict[str, Any]:
    """What the parts of one output have in common."""
    options = asdict(settled.requested)
    del options["batch"]["batch_size"]  # it does not change the text
    return {
        "manifest": manifest,
        "backend": settled.spec.name,
        "model": settled.model.name,
        "format": form,
        "shards": shard.count,
        **options,
    }
