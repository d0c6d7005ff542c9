"""Results of a benchmark: a row for each configuration, with medians and extremes of its runs."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from unispeech.bench import accuracy
from unispeech.bench.accuracy import Corpus, Score
from unispeech.bench.configuration import Configuration, labels
from unispeech.bench.utterances import Utterance
from unispeech.system.files import write_whole

FORMAT = 2
"""The version of results.json."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the extremes of several measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Spread | None:
        present = [value for value in values if value is not None]
        return cls(statistics.median(present), min(present), max(present)) if present else None


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Median absolute errors of word times, in seconds."""

    start: float
    end: float
    matched: float
    """Percent of the reference words that were matched."""


@dataclass(frozen=True, slots=True)
class Part:
    """The results of a configuration on one of several datasets."""

    corpus: Corpus | None
    throughput: Spread | None
    walls: dict[int, float]
    """Seconds of processing, by round."""


@dataclass(frozen=True, slots=True)
class Row:
    """The results of one configuration. Measures that could not be taken are None."""

    name: str
    configuration: Configuration
    failed: str = ""
    """The reason why there are no measures; empty if there are."""
    corpus: Corpus | None = None
    throughput: Spread | None = None
    """Seconds of audio per second of processing, without loading."""
    load: Spread | None = None
    """Seconds."""
    first_segment: Spread | None = None
    """Seconds from the call to the first segment of the first recording."""
    peak: Spread | None = None
    """Bytes of the whole process tree."""
    gpu_peak: Spread | None = None
    """Bytes on all GPUs; None without a GPU."""
    gpu_load: Spread | None = None
    """Percent."""
    cpu_hours: Spread | None = None
    """Processor seconds per hour of audio."""
    joules: Spread | None = None
    """Joules per hour of audio."""
    words: WordErrors | None = None
    """Errors of word times, if the reference and the configuration have them."""
    sets: dict[str, Part] = field(default_factory=dict)
    """Results by dataset, if there are several."""
    stages: dict[str, float] = field(default_factory=dict)
    """Thread seconds in each stage per hour of audio; empty unless profiled."""
    identical: bool | None = None
    """True if every repeat gave the same text; None with a single one."""
    files_failed: int = 0
    scores: tuple[Score | None, ...] = field(default=(), repr=False)
    """A score for each recording; None if it has no reference."""
    texts: tuple[str, ...] = field(default=(), repr=False)
    runs: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    @property
    def speed(self) -> float | None:
        return self.throughput.median if self.throughput else None


def rows(
    configurations: Sequence[Configuration],
    utterances: Sequence[Utterance],
    records: Iterable[dict[str, Any]],
) -> list[Row]:
    """Return a row for each configuration, in order."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        key = Configuration(**record["configuration"]).key
        runs.setdefault(key, []).append(record)
    names, _ = labels(configurations)
    return [
        _row(name, configuration, utterances, runs.get(configuration.key, []))
        for name, configuration in zip(names, configurations, strict=True)
    ]


def _row(
    name: str,
    configuration: Configuration,
    utterances: Sequence[Utterance],
    runs: list[dict[str, Any]],
) -> Row:
    done = [run for run in runs if run["status"] == "done"]
    failed = next((run["reason"] for run in runs if run["status"] == "failed"), "")
    if failed or not done:
        return Row(name, configuration, failed=failed or "not measured", runs=tuple(runs))
    seconds = sum(u.duration for u in utterances)
    hours = seconds / 3600
    files = {file["id"]: file for file in done[0]["files"]}
    scores = tuple(
        None if u.text is None else accuracy.score(u.text, files[u.id]["text"], u.language)
        for u in utterances
    )
    scored = [score for score in scores if score is not None]
    errors = [file["error"] for file in done[0]["files"] if file["error"]]
    if len(errors) == len(utterances):
        return Row(name, configuration, failed=errors[0], runs=tuple(runs))
    return Row(
        name=name,
        configuration=configuration,
        corpus=accuracy.corpus(scored) if scored else None,
        throughput=Spread.of(seconds / run["wall"] for run in done),
        load=Spread.of(run["load"] for run in done),
        first_segment=Spread.of(run["first_segment"] for run in done),
        peak=Spread.of(run["peak"] for run in done),
        gpu_peak=Spread.of(run["gpu_peak"] for run in done),
        gpu_load=Spread.of(run["gpu_load"] for run in done),
        cpu_hours=Spread.of(run["cpu"] / hours for run in done),
        joules=Spread.of(run["energy"] and run["energy"] / hours for run in done),
        words=_word_times(utterances, files),
        sets=_sets(utterances, scores, done),
        stages={
            name: statistics.median(run["stages"].get(name, 0.0) for run in done) / hours
            for name in done[0].get("stages", {})
        },
        identical=_identical(done),
        files_failed=len(errors),
        scores=scores,
        texts=tuple(files[u.id]["text"] for u in utterances),
        runs=tuple(runs),
    )


def _sets(
    utterances: Sequence[Utterance], scores: Sequence[Score | None], runs: Sequence[dict[str, Any]]
) -> dict[str, Part]:
    """Return the results by dataset. A run processes one dataset after the other."""
    names = list(dict.fromkeys(u.set for u in utterances))
    if len(names) < 2:
        return {}
    parts: dict[str, Part] = {}
    before = dict.fromkeys((run["repeat"] for run in runs), 0.0)
    for name in names:
        ids = {u.id for u in utterances if u.set == name}
        seconds = sum(u.duration for u in utterances if u.set == name)
        ends = {r["repeat"]: max(f["at"] for f in r["files"] if f["id"] in ids) for r in runs}
        walls = {repeat: end - before[repeat] for repeat, end in ends.items()}
        scored = [s for u, s in zip(utterances, scores, strict=True) if s and u.set == name]
        parts[name] = Part(
            accuracy.corpus(scored) if scored else None,
            Spread.of(seconds / wall for wall in walls.values() if wall > 0),
            walls,
        )
        before = ends
    return parts


def _identical(runs: Sequence[dict[str, Any]]) -> bool | None:
    if len(runs) < 2:
        return None
    return len({json.dumps([file["text"] for file in run["files"]]) for run in runs}) == 1


def _word_times(utterances: Sequence[Utterance], files: dict[str, Any]) -> WordErrors | None:
    timed = [u for u in utterances if u.words and files[u.id]["words"]]
    times = [accuracy.word_times(u.words, files[u.id]["words"]) for u in timed]
    starts = [error for recording in times for error in recording.start_errors]
    ends = [error for recording in times for error in recording.end_errors]
    if not starts:
        return None
    matched = 100 * len(starts) / sum(recording.expected for recording in times)
    return WordErrors(statistics.median(starts), statistics.median(ends), matched)


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a benchmark."""

    rows: tuple[Row, ...]
    utterances: tuple[Utterance, ...]
    baseline: str
    """The backend or row that the others are compared with."""
    facts: dict[str, Any]
    """Data, command, commit and hardware of the benchmark."""

    @property
    def common(self) -> str:
        """The parts of the name that all configurations share."""
        return labels([row.configuration for row in self.rows])[1]

    def ratio(self, row: Row, set: str = "") -> Spread | None:
        """Return the speed relative to the baseline, on one dataset or on all.

        The ratio is taken in each round, where both ran minutes apart, so that a machine that slows
        down affects both.
        """
        base = self.base(row)
        if base is None or base is row or row.failed:
            return None
        theirs, ours = (
            side.sets[set].walls if set else {run["repeat"]: run["wall"] for run in side.runs}
            for side in (base, row)
        )
        return Spread.of(theirs[n] / wall for n, wall in ours.items() if n in theirs and wall > 0)

    def base(self, row: Row) -> Row | None:
        """Return the most similar row of the baseline with the same model, if there is one."""
        rows = [r for r in self.rows if not r.failed and r.configuration.backend == self.baseline]
        if not rows:
            return next((r for r in self.rows if r.name == self.baseline and not r.failed), None)
        fields = asdict(row.configuration)

        def similarity(other: Row) -> tuple[bool, ...]:
            others = asdict(other.configuration)
            order = ("model", "beam_size", "compute_type", "batch_size", "strategy")
            return tuple(fields[name] == others[name] for name in order)

        best = max(rows, key=similarity)
        return best if best.configuration.model == row.configuration.model else None

    def raw(self) -> dict[str, Any]:
        """Return the content of results.json."""
        return {
            "format": FORMAT,
            "facts": self.facts | {"took": round(self.took, 1)},
            "baseline": self.baseline,
            "common": self.common,
            "utterances": [asdict(u) | {"audio": str(u.audio)} for u in self.utterances],
            "rows": [self._raw(row) for row in self.rows],
        }

    def _raw(self, row: Row) -> dict[str, Any]:
        ratio = self.ratio(row)
        fields = {name: value for name, value in asdict(row).items() if name != "texts"}
        for name, part in fields["sets"].items():
            part_ratio = self.ratio(row, name)
            part["ratio"] = asdict(part_ratio) if part_ratio else None
        return fields | {"ratio": asdict(ratio) if ratio else None}

    @property
    def took(self) -> float:
        """Seconds of all runs together, with start and loading."""
        return sum(float(run.get("took", 0.0)) for row in self.rows for run in row.runs)

    def save(self, path: Path) -> None:
        write_whole(path, json.dumps(self.raw(), ensure_ascii=False, indent=1))
