"""A whole benchmark: from the options of the command line to the files in its folder."""

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
    data: Sequence[str], folder: Path, repeats: int, options: dict[str, Any]
) -> tuple[Plan, str]:
    """Return the plan, and the name of the baseline. `options` are those of `bench run`.

    Raises:
        OptionError, UnknownBackend: an unknown name, a wrong value, or nothing can run.
    """
    backends = grid.expand(options["backends"] or (), grid.installed())
    configurations = grid.configurations(
        grid.Grid(
            backends=backends,
            models=options["models"],
            compute_types=options["compute_types"],
            batch_sizes=options["batch_sizes"],
            strategies=options["strategies"],
            beam_sizes=options["beam_sizes"],
            threads=options["threads"],
            device=options["device"],
            words=options["word_timestamps"] or options.get("aligner") is not None,
            aligner=options.get("aligner") or "none",
        )
    )
    baseline = _baseline(options["baseline"], configurations)
    ids = options["ids"].read_text(encoding="utf-8").split() if options["ids"] else []
    choice = datasets.Choice(
        options["language"], tuple(ids), options["sample"] or 0, options["join"]
    )
    utterances = datasets.choose(datasets.load_all(data, folder / "audio"), choice)
    _check_runnable(configurations, utterances)
    warm_up = datasets.warm_up(utterances)
    if choice.join is not None:
        utterances = joining.join_each(utterances, choice.join, folder)
    return Plan(
        configurations, utterances, warm_up, repeats, folder, options["timeout"], options["profile"]
    ), baseline


def _check_runnable(
    configurations: Sequence[Configuration], utterances: Sequence[Utterance]
) -> None:
    """Raises:
    OptionError: none of the configurations can run; the reason is that of the first.
    """
    languages = {utterance.language for utterance in utterances}
    refusals = [grid.refusal(configuration, languages) for configuration in configurations]
    if all(refusals) and (first := refusals[0]):
        hint = "; ".join(filter(None, (first.hint, "nothing is left to measure")))
        raise OptionError(first.message, hint, code=first.code, option=first.option)


def _baseline(request: str | None, configurations: Sequence[Configuration]) -> str:
    """Return the backend, or the row, that the others are compared with."""
    measured = list(dict.fromkeys(row.backend for row in configurations))
    if request is None:
        return next((name for name in measured if name.startswith(PEER)), measured[0])
    names, _ = labels(configurations)
    if request in (*measured, *names):
        return request
    if (name := grid.backend_name(request)) in measured:
        return name
    raise OptionError(
        f"baseline {request!r} is not among the backends to measure",
        f"use one of {', '.join(measured)}",
        option="baseline",
    )


def write(plan: Plan, baseline: str, data: Sequence[str]) -> Results:
    """Combine the runs of a plan, and write the results and the report to its folder."""
    combined = Results(
        rows=tuple(results.rows(plan.configurations, plan.utterances, runner.records(plan))),
        utterances=tuple(plan.utterances),
        baseline=baseline,
        facts=machine.facts(" ".join(data) or "the samples", plan.utterances, plan.repeats),
    )
    combined.save(plan.folder / "results.json")
    summary = list(_summary(combined))
    compared = len({measured.backend for measured in summary})
    if compared > 1 or (summary and len(installed()) == 1):
        choose.save_measurements(summary)  # a single one of several installed is no comparison
    report.write(combined, plan.folder / "report.html")
    return combined


def _summary(combined: Results) -> Iterator[Measurement]:
    """The measurements by which `auto` chooses: rows of backends with a word error rate."""
    for row in combined.rows:
        run = row.configuration
        if run.is_peer or run.strategy != "batched" or row.files_failed or not row.throughput:
            continue
        if row.corpus and row.corpus.wer is not None:
            speed = row.throughput.median
            yield Measurement(
                run.backend, run.model, run.beam_size, row.corpus.wer, speed, run.compute_type
            )
