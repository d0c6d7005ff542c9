"""`unispeech bench`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from unispeech.cli import flags, spelling, tables
from unispeech.cli.help import Command, Function, option
from unispeech.cli.notices import notify
from unispeech.cli.tables import Cell
from unispeech.errors import OptionError, UnispeechError
from unispeech.option_schema import Option
from unispeech.options import OPTIONS, options_for

PACKAGES = {
    "jinja2": "jinja2",
    "jiwer": "jiwer",
    "psutil": "psutil",
    "whisper_normalizer": "whisper-normalizer",
}
"""The modules that a benchmark imports, and the packages that have them."""
GRID = {
    "compute_type": "compute_types",
    "batch_size": "batch_sizes",
    "strategy": "strategies",
    "beam_size": "beam_sizes",
}
"""Options that take several values here, and their plural names; every combination is measured."""
GRID_GROUP = "What to measure: every combination of these values"
DATA_GROUP = "Recordings"
RUN_GROUP = "Runs and report"


class Values(click.ParamType[tuple[Any, ...]]):
    """Values separated by commas."""

    name = "a,b,..."

    def __init__(self, row: Option | None = None) -> None:
        self.row = row
        self.kind = row.value_type if row else str

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        try:
            values = tuple(self.kind(part.strip()) for part in value.split(",") if part.strip())
        except ValueError:
            self.fail(f"{value!r}: give whole numbers separated by commas", param, ctx)
        if self.row:
            try:
                self.row.check(values)
            except OptionError as error:
                self.fail(f"{value!r}: {error.hint}", param, ctx)
        return values


class Length(click.ParamType[float]):
    """Seconds, or a number with the unit s, m or h."""

    name = "length"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        if isinstance(value, float):
            return value
        unit = {"s": 1, "m": 60, "h": 3600}.get(value[-1:], 0)
        try:
            return float(value[:-1]) * unit if unit else float(value)
        except ValueError:
            self.fail(f"{value!r} is not a length; write 90, 90s, 10m or 3h", param, ctx)


class BenchGroup(click.Group):
    """A group whose command `run` is the default: `bench DATA` is `bench run DATA`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


def _option_flags(function: Function) -> Function:
    """Add the flags of the options that a benchmark offers."""
    for row in reversed(options_for("bench")):
        if row.name == "aligner":  # it has another default here
            continue
        name, default = row.name, row.shown_default if row.default is None else row.default
        if name in GRID:
            decorate = option(
                spelling.flag(GRID[name]), group=GRID_GROUP, type=Values(row),
                default=str(default), show_default=True, help=row.help,
            )  # fmt: skip
        else:
            decorate = option(
                spelling.flag(name), group="Options of all runs", type=row.value_type,
                is_flag=row.value_type is bool, default=default, help=flags.help_line(row),
            )  # fmt: skip
        function = decorate(function)
    return function


@click.group(cls=BenchGroup)
def bench() -> None:
    """Measure the speed and accuracy of runtimes and models on this machine.

    `unispeech bench DATA` is short for `unispeech bench run DATA`.

    \b
    Examples:
      unispeech bench
      unispeech bench run --help
      unispeech bench compare results-old results-new
    """
    missing = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise OptionError(
            f"the benchmark needs {', '.join(missing)}", "run: pip install 'unispeech[bench]'"
        )


@bench.command(cls=Command)
@click.argument("data", nargs=-1)
@option(
    "--backends",
    group=GRID_GROUP,
    type=Values(),
    help="Names of `unispeech backends`, and libraries on their own: peer:faster, "
    "peer:faster-batched.  [default: all installed]",
)
@option(
    "--models", group=GRID_GROUP, type=Values(), default="base", show_default=True, help="Models."
)
@_option_flags
@option(
    "--aligner",
    group="Options of all runs",
    type=click.Choice(OPTIONS["aligner"].choices),
    help="Source of word times; requests word times.  [default: each runtime's own]",
)
@option("--language", group=DATA_GROUP, help="Only recordings in this language.")
@option(
    "--ids",
    group=DATA_GROUP,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Only the recordings listed in this file.",
)
@option(
    "--sample",
    group=DATA_GROUP,
    type=click.IntRange(1),
    metavar="N",
    help="A random sample of N recordings of each DATA, the same every time.",
)
@option(
    "--join",
    group=DATA_GROUP,
    type=Length(),
    is_flag=False,
    flag_value="0",
    help="Join all into one long recording; with a length (3h), repeat them until it is reached.",
)
@option(
    "--repeat",
    group=RUN_GROUP,
    type=click.IntRange(1),
    metavar="N",
    default=3,
    show_default=True,
    help="Rounds.",
)
@option(
    "--baseline",
    group=RUN_GROUP,
    metavar="NAME",
    help="Backend that the others are compared with.  [default: a peer, else the first]",
)
@option("--profile", group=RUN_GROUP, is_flag=True, help="Also measure the time of each stage.")
@option(
    "--timeout",
    group=RUN_GROUP,
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=0,
    help="Time limit of a run.  [default: none]",
)
@option(
    "--out",
    group=RUN_GROUP,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report. Runs that it already has are not repeated.  "
    "[default: unispeech-bench-DATE]",
)
@option(
    "--fresh", group=RUN_GROUP, is_flag=True, help="Repeat the runs that the folder already has."
)
def run(data: tuple[str, ...], out: Path | None, repeat: int, fresh: bool, **options: Any) -> None:
    """Measure speed and accuracy on recordings.

    DATA is a folder of recordings with .txt files beside them, a folder with a manifest.jsonl, a
    JSONL or TSV manifest, a LibriSpeech folder, a recording, or Hugging Face datasets
    (owner/set:config:split). Each DATA is also scored separately. Without DATA: the sample clips.

    \b
    Examples:
      unispeech bench
      unispeech bench recordings/ --backends faster,peer:faster --models tiny.en,base
      unispeech bench test-clean/ --ids benchmarks/librispeech-250.txt --out results
    """
    from unispeech.bench import runner, table
    from unispeech.bench.benchmark import prepare, write

    folder = out or Path(time.strftime("unispeech-bench-%Y%m%d-%H%M%S"))
    try:
        plan, baseline = prepare(data, folder, repeat, options)
    except OptionError as error:
        raise click.UsageError(spelling.with_flags(error, GRID)) from error
    if fresh:
        runner.discard(plan)
    if finished := runner.count_finished(plan):
        notify(f"{finished} runs are in {folder} already; --fresh repeats them")
    try:
        with _progress() as on_step:
            runner.run(plan, on_step)
    except KeyboardInterrupt:
        finished, total = runner.count_finished(plan), len(plan.configurations) * repeat
        notify(f"{finished} of {total} runs are finished; continue with --out {folder}")
        raise
    results = write(plan, baseline, data)
    columns = table.columns(results)
    _show(
        [column.heading for column in columns],
        (
            [_name_cell(row.name, row.failed)]
            + [column.value(results, row) for column in columns[1:] if not row.failed]
            for row in results.rows
        ),
    )
    for line in table.notes(results):
        click.echo(line)
    click.echo(f"report: {folder / 'report.html'}")
    if any(row.failed for row in results.rows):
        raise UnispeechError("some configurations failed", "see the reasons in their rows")


@contextmanager
def _progress() -> Iterator[Any]:
    """Yield the `on_step` callback: a bar on a terminal, else a line for each run."""
    from unispeech.bench.runner import Step

    if not sys.stderr.isatty():

        def print_line(step: Step) -> None:
            if step.stage in ("done", "failed"):
                outcome = f"{step.stage}: {step.reason}" if step.reason else step.stage
                notify(f"{step.number}/{step.total} {step.configuration.name}: {outcome}")

        yield print_line
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        runs = bar.add_task("runs", total=None)
        files = bar.add_task("", total=None)

        def show(step: Step) -> None:
            ended = step.stage in ("done", "failed", "reused")
            bar.update(runs, completed=step.number - (not ended), total=step.total)
            label = f"{step.configuration.name}: {step.stage}"
            bar.update(files, description=label, completed=step.file, total=step.files or None)
            if step.stage == "failed":
                bar.console.print(f"{step.configuration.name}: {step.reason}", markup=False)

        yield show


@bench.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--fail-if",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help="Exit with 1 if this holds, such as 'wer>+0.3' or 'speed<-10%'.  [may be repeated]",
)
def compare(old: Path, new: Path, conditions: tuple[str, ...]) -> None:
    """Show the changes between two benchmarks.

    OLD and NEW are folders of benchmarks, or their results.json.

    \b
    Examples:
      unispeech bench compare results-old results-new
      unispeech bench compare results-old results-new --fail-if 'wer>+0.3'
      unispeech bench compare results-old results-new --fail-if 'speed<-10%' --fail-if 'lost>0'
    """
    from unispeech.bench import compare

    parsed = [compare.Condition.of(condition) for condition in conditions]
    before, after = compare.read(old), compare.read(new)
    pairs = compare.pairs(before, after)
    for line in compare.differences(before, after):
        notify(f"warning: {line}")
    failures = [pair.new["failed"] or (pair.old["failed"] and "failed before") for pair in pairs]
    _show(
        ["configuration", *(heading for _, heading, _ in compare.SHOWN)],
        (
            [_name_cell(pair.name, failed), *compare.changes(pair)]
            for pair, failed in zip(pairs, failures, strict=True)
        ),
    )
    if violations := compare.violations(pairs, parsed):
        for line in violations:
            notify(line)
        raise UnispeechError(f"{len(violations)} of the conditions to fail on hold")


def _show(headings: list[str], rows: Iterable[list[Cell]]) -> None:
    tables.show(headings, rows, right=headings[1:], width=220)


def _name_cell(name: str, failed: str) -> Cell:
    return [name, (f"\n{failed}", "red")] if failed else name


@bench.command("table")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
def markdown_table(results: tuple[Path, ...]) -> None:
    """Print benchmarks as one Markdown table.

    RESULTS are folders of benchmarks, or their results.json.

    \b
    Examples:
      unispeech bench table results >> README.md
    """
    from unispeech.bench import compare, markdown

    for line in markdown.lines([compare.read(path) for path in results]):
        click.echo(line)
