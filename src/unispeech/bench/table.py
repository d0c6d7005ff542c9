"""The columns of the result tables, on the terminal and in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unispeech.bench.accuracy import Corpus
from unispeech.bench.results import Results, Row, Spread


@dataclass(frozen=True, slots=True)
class Column:
    """One measure: its heading, format and meaning."""

    heading: str
    value: Callable[[Results, Row], str]
    meaning: str


def number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def spread(value: Spread | None, scale: float = 1.0, digits: int = 1) -> str:
    """Format the median, with half the distance between the extremes if they differ."""
    if value is None:
        return ""
    half = (value.high - value.low) / 2 / scale
    text = number(value.median / scale, digits)
    return f"{text} ±{half:.{digits}f}" if half else text


def wer(corpus: Corpus | None) -> str:
    if corpus is None or corpus.wer is None:
        return ""
    text = number(corpus.wer, 2)
    if corpus.wer_low is None or corpus.wer_high is None:
        return text
    return f"{text} [{corpus.wer_low:.1f}-{corpus.wer_high:.1f}]"


def _ratio(results: Results, row: Row) -> str:
    if row is results.base(row):
        return "1"
    ratio = results.ratio(row)
    if ratio is None:
        return ""
    if ratio.low == ratio.high:
        return f"{ratio.median:.2f}x"
    return f"{ratio.median:.2f}x [{ratio.low:.2f}-{ratio.high:.2f}]"


def _corpus(name: str, digits: int = 0) -> Callable[[Results, Row], str]:
    def value(results: Results, row: Row) -> str:
        return "" if row.corpus is None else number(getattr(row.corpus, name), digits)

    return value


COLUMNS = (
    Column("configuration", lambda results, row: row.name, ""),
    Column(
        "WER %",
        lambda results, row: wer(row.corpus),
        "word error rate over all recordings, with its 95 % interval",
    ),
    Column("CER %", _corpus("cer", 2), "character error rate"),
    Column("lost", _corpus("lost"), "words missing in runs of 5 or more"),
    Column(
        "added",
        _corpus("added"),
        "extra words, in runs of 5 or more or in recordings without speech",
    ),
    Column(
        "speed",
        lambda results, row: spread(row.throughput),
        "seconds of audio per second of processing, without loading",
    ),
    Column("ratio", _ratio, "speed relative to the baseline, by round"),
    Column("load s", lambda results, row: spread(row.load, digits=2), "seconds to load"),
    Column(
        "first s",
        lambda results, row: spread(row.first_segment, digits=2),
        "seconds to the first segment",
    ),
    Column(
        "memory MB",
        lambda results, row: spread(row.peak, 1e6, 0),
        "peak memory of all its processes",
    ),
    Column(
        "GPU MB",
        lambda results, row: spread(row.gpu_peak, 1e6, 0),
        "peak memory on the GPUs",
    ),
    Column(
        "GPU %",
        lambda results, row: spread(row.gpu_load, digits=0),
        "utilisation of the GPUs, with loading",
    ),
    Column(
        "CPU s/h",
        lambda results, row: spread(row.cpu_hours, digits=0),
        "processor seconds per hour of audio",
    ),
    Column(
        "kJ/h",
        lambda results, row: spread(row.joules, 1e3),
        "energy of the processor per hour of audio",
    ),
    Column(
        "word ms",
        lambda results, row: (
            f"{1000 * row.words.start:.0f}/{1000 * row.words.end:.0f}" if row.words else ""
        ),
        "median error of word starts and ends",
    ),
    Column(
        "same",
        lambda results, row: "" if row.identical is None else ("yes" if row.identical else "no"),
        "every repeat gave the same text",
    ),
)


def _dataset_columns(name: str) -> tuple[Column, Column]:
    """The columns of one of several datasets."""
    return (
        Column(
            f"{name} WER %",
            lambda results, row: wer(row.sets[name].corpus),
            f"word error rate of {name} alone",
        ),
        Column(
            f"{name} speed",
            lambda results, row: spread(row.sets[name].throughput),
            f"speed on {name} alone",
        ),
    )


def columns(results: Results) -> list[Column]:
    """Return the columns that have a value in at least one row."""
    good = [row for row in results.rows if not row.failed]
    sets = dict.fromkeys(name for row in good for name in row.sets)
    by_set = [column for name in sets for column in _dataset_columns(name)]
    return [
        column
        for column in (COLUMNS[0], *by_set, *COLUMNS[1:])
        if column is COLUMNS[0] or any(column.value(results, row) for row in good)
    ]


def notes(results: Results) -> list[str]:
    """Return lines about the data, the machine and the baseline."""
    facts = results.facts
    minutes = facts["audio_seconds"] / 60
    lines = [
        f"{facts['recordings']} recordings, {minutes:.1f} minutes of audio "
        f"({', '.join(facts['languages'])}), {facts['repeats']} rounds; "
        f"{facts['processor']}, {facts['cores']} cores",
    ]
    if any(results.ratio(row) is not None for row in results.rows):
        lines.append(f"ratio to {results.baseline} with the same model")
    if results.common:
        lines.append(f"all: {results.common}")
    lines += [
        f"{row.name}: seconds per hour of audio: "
        + ", ".join(f"{stage} {seconds:.0f}" for stage, seconds in row.stages.items())
        for row in results.rows
        if row.stages
    ]
    lines += [
        f"{row.name}: {row.files_failed} recordings failed and count as silence"
        for row in results.rows
        if row.files_failed
    ]
    return lines
