"""A benchmark from what the command line asks to what it leaves in its folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unispeech.backends import choose
from unispeech.backends.choose import Measurement
from unispeech.bench import datasets, grid, joining, machine, report, results, runner
from unispeech.bench.configuration import PEER, Configuration, labels
from unispeech.bench.grid import installed
from unispeech.bench.results import Results
from unispeech.bench.runner import Plan
from unispeech.bench.utterances import Utterance
from unispeech.errors import OptionError


def prepare(
    data: Sequence[str], folder: Path, repeats: int, asked: dict[str, Any]
) -> tuple[Plan, str]:
    """What to measure, and the name of the baseline. `asked` are the options of the command.

    Raises:
        OptionError, UnknownBackend: what was asked for makes no sense.
    """
    backends = grid.chosen(asked["backends"] or (), grid.installed())
    configurations = grid.configurations(
        grid.Grid(
            backends=backends,
            models=asked["models"],
            compute_types=asked["compute_types"],
            batch_sizes=asked["batch_sizes"],
            strategies=asked["strategies"],
            beam_sizes=asked["beam_sizes"],
            threads=asked["threads"],
            device=asked["device"],
            words=asked["word_timestamps"],
        )
    )
    baseline = _baseline(asked["baseline"], configurations)
    ids = asked["ids"].read_text(encoding="utf-8").split() if asked["ids"] else []
    choice = datasets.Choice(asked["language"], tuple(ids), asked["sample"] or 0, asked["join"])
    chosen = datasets.choose(datasets.load_all(data, folder / "audio"), choice)
    _able(configurations, chosen)
    warm_up = datasets.warm_up(chosen)
    if choice.join is not None:
        chosen = joining.join_each(chosen, choice.join, folder)
    return Plan(
        configurations, chosen, warm_up, repeats, folder, asked["timeout"], asked["profile"]
    ), baseline


def _able(configurations: Sequence[Configuration], chosen: Sequence[Utterance]) -> None:
    """Raises:
    OptionError: none of the configurations can run.
    """
    languages = {utterance.language for utterance in chosen}
    objections = [grid.objection(one, languages) for one in configurations]
    if all(objections):
        raise OptionError(f"nothing to measure: {objections[0]}")


def _baseline(asked: str | None, configurations: Sequence[Configuration]) -> str:
    """The backend, or the row, that the others are compared with."""
    measured = list(dict.fromkeys(one.backend for one in configurations))
    if asked is None:
        return next((name for name in measured if name.startswith(PEER)), measured[0])
    names, _ = labels(configurations)
    if asked in (*measured, *names):
        return asked
    if (name := grid.known(asked)) in measured:
        return name
    raise OptionError(
        f"baseline {asked!r} is not among what is measured",
        f"use one of {', '.join(measured)}",
        option="baseline",
    )


def write(plan: Plan, baseline: str, data: Sequence[str]) -> Results:
    """Put the runs together and write the results beside them. `data` as `prepare` had it."""
    found = Results(
        rows=tuple(results.rows(plan.configurations, plan.utterances, runner.records(plan))),
        utterances=tuple(plan.utterances),
        baseline=baseline,
        facts=machine.facts(" ".join(data) or "the samples", plan.utterances, plan.repeats),
    )
    found.save(plan.folder / "results.json")
    summary = list(_summary(found))
    compared = len({measured.backend for measured in summary})
    if compared > 1 or (summary and len(installed()) == 1):
        choose.save_measurements(summary)  # one alone says nothing about which is best
    report.write(found, plan.folder / "report.html")
    return found


def _summary(found: Results) -> Iterator[Measurement]:
    """What the backend `auto` is chosen by: our own rows that could be scored."""
    for row in found.rows:
        one = row.configuration
        if one.is_peer or one.strategy != "batched" or row.files_failed or not row.throughput:
            continue
        if row.corpus and row.corpus.wer is not None:
            speed = row.throughput.median
            yield Measurement(
                one.backend, one.model, one.beam_size, row.corpus.wer, speed, one.compute_type
            )
