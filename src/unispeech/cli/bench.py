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

from unispeech.cli import flags, say, spelling, tables
from unispeech.cli.tables import Cell
from unispeech.errors import OptionError, UnispeechError
from unispeech.option_schema import Option
from unispeech.options import options_for

NEEDED = {
    "jinja2": "jinja2",
    "jiwer": "jiwer",
    "psutil": "psutil",
    "whisper_normalizer": "whisper-normalizer",
}


class Several(click.ParamType[tuple[Any, ...]]):
    """Values with commas between them."""

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
            self.fail(f"{value!r}: give whole numbers with commas between them", param, ctx)
        if self.row:
            try:
                self.row.check(values)
            except OptionError as error:
                self.fail(f"{value!r}: {error.hint}", param, ctx)
        return values


class Length(click.ParamType[float]):
    """Seconds, or a number with s, m or h."""

    name = "length"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        if isinstance(value, float):
            return value
        unit = {"s": 1, "m": 60, "h": 3600}.get(value[-1:], 0)
        try:
            return float(value[:-1]) * unit if unit else float(value)
        except ValueError:
            self.fail(f"{value!r} is not a length", param, ctx)


class BenchGroup(click.Group):
    """`bench DATA` measures; `bench compare` and `bench table` look at what was measured."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


GRID = ("compute_type", "batch_size", "strategy", "beam_size")
"""Options of which several values are measured, each with each."""


def _measured(command: flags.Command) -> flags.Command:
    """Add the flags of the options that a benchmark offers."""
    for row in reversed(options_for("bench")):
        name, usual = row.name, row.shown_default if row.default is None else row.default
        if name in GRID:
            plural = name[:-1] + "ies" if name.endswith("y") else name + "s"
            flag = click.option(
                spelling.flag(plural), type=Several(row), default=str(usual),
                show_default=True, help=row.help,
            )  # fmt: skip
        else:
            flag = click.option(
                spelling.flag(name), type=row.value_type, is_flag=row.value_type is bool, default=usual,
                help=flags.help(row),
            )  # fmt: skip
        command = flag(command)
    return command


@click.group(cls=BenchGroup)
def bench() -> None:
    """Measure which runtime is best on this machine and audio."""
    missing = [wheel for module, wheel in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise OptionError(
            f"the benchmark needs {', '.join(missing)}", "run: pip install 'unispeech[bench]'"
        )


@bench.command()
@click.argument("data", nargs=-1)
@click.option("--backends", type=Several(), help="Ours, and peer:NAME.  [default: all installed]")
@click.option("--models", type=Several(), default="base", show_default=True, help="Models.")
@_measured
@click.option("--repeat", type=click.IntRange(1), default=3, show_default=True, help="Rounds.")
@click.option(
    "--baseline", help="The backend others are compared with.  [default: a peer, else the first]"
)
@click.option("--language", help="Only recordings in this language.")
@click.option(
    "--ids",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Only the recordings listed in this file.",
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    help="So many recordings of each DATA at random, always the same.",
)
@click.option(
    "--join",
    type=Length(),
    is_flag=False,
    flag_value="0",
    help="All as one long recording; with a length (3h), repeated until it is that long.",
)
@click.option("--profile", is_flag=True, help="Also tell how long each stage took.")
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    metavar="SECONDS",
    default=0,
    help="What a run may take.  [default: no limit]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report; a stopped benchmark goes on in it.",
)
@click.option("--fresh", is_flag=True, help="Measure again what the folder holds already.")
def run(data: tuple[str, ...], out: Path | None, repeat: int, fresh: bool, **asked: Any) -> None:
    """Measure which runtime is best on this machine and this audio.

    DATA is a folder of recordings with .txt beside them, a folder with manifest.jsonl, a JSONL or TSV
    manifest, a LibriSpeech folder, a recording, or a set of Hugging Face datasets
    (owner/set:config:split). Several are measured one after the other in each run, and told apart.
    Without any: the sample clips.

    \b
    unispeech bench
    unispeech bench recordings/ --backends faster,peer:faster-batched --models tiny.en,base
    unispeech bench test-clean/ --ids benchmarks/librispeech-250.txt --out results
    unispeech bench compare results-old results-new --fail-if 'wer>+0.3'
    """
    from unispeech.bench import runner, table
    from unispeech.bench.benchmark import prepare, write

    folder = out or Path(time.strftime("unispeech-bench-%Y%m%d-%H%M%S"))
    plan, baseline = prepare(data, folder, repeat, asked)
    if fresh:
        for one in plan.configurations:
            for number in range(repeat):
                plan.path(one, number).unlink(missing_ok=True)
    if kept := runner.kept(plan):
        say(f"{kept} runs are in {folder} already; --fresh measures them again")
    try:
        with _progress() as on_step:
            runner.run(plan, on_step)
    except KeyboardInterrupt:
        kept = runner.kept(plan)
        say(
            f"{kept} of {len(plan.configurations) * repeat} runs are kept; go on with --out {folder}"
        )
        raise
    results = write(plan, baseline, data)
    columns = table.columns(results)
    _show(
        [column.heading for column in columns],
        (
            [_named(row.name, row.failed)]
            + [column.value(results, row) for column in columns[1:] if not row.failed]
            for row in results.rows
        ),
    )
    for line in table.notes(results):
        click.echo(line)
    click.echo(f"report: {folder / 'report.html'}")
    if any(row.failed for row in results.rows):
        raise UnispeechError("some configurations failed", "their rows say why")


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar on a terminal; a line for each run elsewhere."""
    from unispeech.bench.runner import Step

    if not sys.stderr.isatty():

        def line(step: Step) -> None:
            if step.stage in ("done", "failed"):
                what = f"{step.stage}: {step.reason}" if step.reason else step.stage
                say(f"{step.number}/{step.total} {step.configuration.name}: {what}")

        yield line
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
            over = step.stage in ("done", "failed", "kept")
            bar.update(runs, completed=step.number - (not over), total=step.total)
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
    help="Exit with 1 where this holds, as 'wer>+0.3' or 'speed<-10%'.  [may be repeated]",
)
def compare(old: Path, new: Path, conditions: tuple[str, ...]) -> None:
    """What has changed between two benchmarks (their folders, or their results.json).

    \b
    unispeech bench compare results-old results-new
    unispeech bench compare results-old results-new --fail-if 'wer>+0.3'
    unispeech bench compare results-old results-new --fail-if 'speed<-10%' --fail-if 'lost>0'
    """
    from unispeech.bench import compare as two

    wanted = [two.Condition.of(condition) for condition in conditions]
    before, after = two.read(old), two.read(new)
    found = two.pairs(before, after)
    for line in two.differences(before, after):
        say(f"warning: {line}")
    failures = [pair.new["failed"] or (pair.old["failed"] and "failed before") for pair in found]
    _show(
        ["configuration", *(heading for _, heading, _ in two.SHOWN)],
        (
            [_named(pair.name, failed), *two.changes(pair)]
            for pair, failed in zip(found, failures, strict=True)
        ),
    )
    if broken := two.broken(found, wanted):
        for line in broken:
            say(line)
        raise UnispeechError(f"{len(broken)} of the conditions to fail on hold")


def _show(headings: list[str], rows: Iterable[list[Cell]]) -> None:
    tables.show(headings, rows, right=headings[1:], width=220)


def _named(name: str, failed: str) -> Cell:
    return [name, (f"\n{failed}", "red")] if failed else name


@bench.command("table")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
def markdown(results: tuple[Path, ...]) -> None:
    """The results of benchmarks (their folders, or results.json) as one Markdown table.

    \b
    unispeech bench table results >> README.md
    """
    from unispeech.bench import compare as two
    from unispeech.bench import markdown

    for line in markdown.lines([two.read(path) for path in results]):
        click.echo(line)
