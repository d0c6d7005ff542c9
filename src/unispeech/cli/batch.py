"""`unispeech batch`."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from unispeech.cli import flags
from unispeech.cli.batch_lines import OnRow, counted, ending, print_estimate, progress
from unispeech.cli.help import option
from unispeech.cli.interrupts import exit_promptly
from unispeech.cli.notices import notify
from unispeech.cli.progress import progress_bar
from unispeech.cli.transcribe import Transcribe, settle

if TYPE_CHECKING:
    from unispeech.backends.settle import Settled
    from unispeech.corpus.cluster import Actors
    from unispeech.corpus.manifest import Manifest
    from unispeech.corpus.parts import Output
    from unispeech.corpus.rows import Row, Shard
    from unispeech.corpus.run import Limits, Tally

ROWS = "Rows"
CLUSTER = "Cluster"


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


class ActorsType(click.ParamType[tuple[int, int | None]]):
    """`4`, or the smallest and the largest number: `1-16`."""

    name = "actors"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int | None]:
        least, dash, most = str(value).partition("-")
        if not (least.isdecimal() and (most.isdecimal() or not dash)):
            self.fail(f"{value!r}: give a number, or the least and the most: 1-16", param, ctx)
        found = int(least), int(most or least)
        if not 1 <= found[0] <= found[1]:
            self.fail(f"{value!r}: at least 1, and not more than the second", param, ctx)
        return found


Run: TypeAlias = "Callable[[Iterable[Row], Output, Limits, OnRow, int], Tally]"
"""Transcribes rows; the number is that of the rows that failed before."""


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
@option(
    "--ray",
    group=CLUSTER,
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS]",
    help="Run on a Ray cluster: host:port, auto, or one on this machine.",
)
@option(
    "--actors",
    "pool",
    group=CLUSTER,
    type=ActorsType(),
    metavar="N|LEAST-MOST",
    help="Engines, each in an actor.  [default: 1 to as many as there are processors for]",
)
@option(
    "--actor-cpus",
    group=CLUSTER,
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="Processors of each actor.  [default: 2]",
)
@option(
    "--actor-gpus",
    group=CLUSTER,
    type=click.FloatRange(min=0),
    metavar="N",
    help="GPUs of each actor, also a part of one: 0.25.  [default: 0]",
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
    ray: str | None,
    pool: tuple[int, int | None] | None,
    actor_cpus: float | None,
    actor_gpus: float | None,
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

    _check_libraries(form, report, ray)
    actors = _actors(ray, shard, pool, actor_cpus, actor_gpus)
    explicit = flags.explicit_options(options)
    settled = settle(backend, model, explicit)
    limits = Limits(part_rows, 60 * part_minutes, max_errors)
    rows = manifests.opened(manifest, output / "manifest.jsonl")
    target = parts.Output(output, shard, form)
    settings = _settings(manifest, form, shard, settled)
    if dry_run:
        target.look(settings)
        left = estimates.estimate(target.undone(rows.rows()), limits)
        print_estimate(left, shard, settled, hourly_price)
        return
    with exit_promptly(), target.opened(settings):
        if retry_errors and (count := target.drop_failed()):
            notify(f"parts with failed rows, which are transcribed again: {count}")
        engine = {"backend": settled.spec.name, "model": settled.facts.name, **explicit}
        run = partial(_here, settled, quiet)
        if actors is not None:
            run = partial(_on_ray, ray or None, engine, actors)
        failed = _transcribe(rows, target, limits, run, quiet)
        if report:
            notify(f"report: {reports.write(output, settings)}")
    if failed:
        sys.exit(1)


def _transcribe(manifest: Manifest, target: Output, limits: Limits, run: Run, quiet: bool) -> int:
    """Transcribe the rows that are left. Returns the number of failed rows in all parts."""
    done, failed = target.done(), target.failed()
    left = target.undone(manifest.rows())
    first = next(left, None)
    if first is None:
        rest = f"no rows are left of {done:,}; {ending(failed, target)}"
        notify(rest if done else "the manifest has no rows for this run")
        return failed
    began = time.monotonic()
    with progress(quiet, manifest, target) as on_row:
        tally = run(itertools.chain([first], left), target, limits, on_row, failed)
    total = failed + tally.failed
    notify(f"{counted(done, tally, time.monotonic() - began)}; {ending(total, target)}")
    return total


def _here(
    settled: Settled,
    quiet: bool,
    rows: Iterable[Row],
    target: Output,
    limits: Limits,
    on_row: OnRow,
    failed: int,
) -> Tally:
    """Transcribe rows with an engine in this process."""
    from unispeech.audio.decoding_process import decoding_in_children
    from unispeech.corpus.run import run
    from unispeech.engine.engine import Engine

    with progress_bar(quiet) as on_progress:
        engine = Engine.of(settled, on_progress)
    with engine, decoding_in_children(files=2):
        return run(engine, rows, target, limits, on_row, failed)


def _on_ray(
    address: str | None,
    engine: dict[str, Any],
    actors: Actors,
    rows: Iterable[Row],
    target: Output,
    limits: Limits,
    on_row: OnRow,
    failed: int,
) -> Tally:
    """Transcribe rows with the engines of a cluster."""
    from unispeech.corpus.cluster import run_on_ray

    engine = {"threads": max(round(actors.cpus), 1), **engine}
    return run_on_ray(address, engine, rows, target, limits, actors, on_row, failed)


def _actors(
    ray: str | None,
    shard: Shard,
    pool: tuple[int, int | None] | None,
    cpus: float | None,
    gpus: float | None,
) -> Actors | None:
    """The pool of engines on a cluster; None without `--ray`.

    Raises:
        click.UsageError: the flags contradict each other.
    """
    if ray is None:
        needing = {"--actors": pool, "--actor-cpus": cpus, "--actor-gpus": gpus}
        for flag in (flag for flag, value in needing.items() if value is not None):
            raise click.UsageError(f"{flag} needs --ray")
        return None
    if shard.count > 1:
        raise click.UsageError("--ray and --shard exclude each other: the cluster shares the rows")
    if ray and ray != "auto" and ":" not in ray:
        raise click.UsageError(f"--ray {ray}: no address of a cluster; put MANIFEST before --ray")
    from unispeech.corpus.cluster import Actors

    return Actors(*(pool or (1, None)), cpus or Actors.cpus, gpus or Actors.gpus)


def _check_libraries(form: str, report: bool, ray: str | None) -> None:
    """Refuse before any work what could not be written after it."""
    needed = {
        ("--output-format parquet", "pyarrow", "batch"): form == "parquet",
        ("--report", "jinja2", "batch"): report,
        ("--ray", "ray", "ray"): ray is not None,
    }
    for (flag, library, extra), is_needed in needed.items():
        if is_needed and find_spec(library) is None:
            raise click.UsageError(f"{flag} needs {library}: pip install 'unispeech[{extra}]'")


def _settings(manifest: str, form: str, shard: Shard, settled: Settled) -> dict[str, Any]:
    """Properties that the parts of one output share."""
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
