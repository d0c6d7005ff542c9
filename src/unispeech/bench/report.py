"""`report.html`: the results as one self-contained page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from unispeech.audio.pcm import to_int16
from unispeech.audio.recording import Recording
from unispeech.backends.choose import MARGIN
from unispeech.bench import charts, diff, table
from unispeech.bench.charts import Point
from unispeech.bench.results import Results, Row
from unispeech.bench.utterances import Utterance
from unispeech.errors import AudioError
from unispeech.system.files import write_whole
from unispeech.types import SAMPLE_RATE

WORST = 12
"""Recordings shown with comparison and sound."""
MAX_SOUND = 120.0
"""Seconds of the longest recording whose sound is embedded."""
MAX_DOTS = 6000
"""Dots in all scatter charts together."""


def write(results: Results, path: Path) -> None:
    """Write the report to a file."""
    write_whole(path, page(results))


def page(results: Results) -> str:
    """Return the report as HTML."""
    import jinja2

    folder = files("unispeech.bench") / "page"
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((folder / "report.html.j2").read_text("utf-8"))
    backends = list(dict.fromkeys(row.configuration.backend for row in results.rows))
    colour = {backend: number for number, backend in enumerate(backends)}
    good = [row for row in results.rows if not row.failed]
    return template.render(
        style=(folder / "report.css").read_text("utf-8"),
        script=(folder / "report.js").read_text("utf-8"),
        results=results,
        facts=results.facts,
        minutes=results.facts["audio_seconds"] / 60,
        verdict=verdict(results),
        winner=best(results),
        columns=table.columns(results),
        notes=table.notes(results)[1:],
        colour=colour,
        quality=_quality(good, colour),
        speed=_bars(good, colour, "throughput", "{:.1f}x"),
        memory=_bars(good, colour, "peak", "{:,.0f} MB", 1e6),
        scatters=_scatters(good, results.utterances, colour),
        worst=[
            (item, results.utterances[item.number], _sound(results.utterances[item.number]))
            for item in diff.worst(results, WORST)
        ],
        versions=_versions(results),
    )


def best(results: Results) -> Row | None:
    """Return the fastest row whose word error rate is within `MARGIN` of the best."""
    good = [row for row in results.rows if not row.failed and row.speed]
    rates = [row.corpus.wer for row in good if row.corpus and row.corpus.wer is not None]
    if rates:
        limit = min(rates) + MARGIN
        good = [r for r in good if r.corpus and r.corpus.wer is not None and r.corpus.wer <= limit]
    return max(good, key=lambda row: row.speed or 0, default=None)


def verdict(results: Results) -> str:
    """Return the headline of the page."""
    winner = best(results)
    if winner is None:
        return "No configuration could be measured"
    if len([row for row in results.rows if not row.failed]) == 1:
        return f"{winner.name} runs at {winner.speed:.0f} times real time"
    rate = winner.corpus.wer if winner.corpus else None
    if rate is None:
        return f"{winner.name} is the fastest here: {winner.speed:.0f} times real time"
    return (
        f"{winner.name} is the fastest within {MARGIN} points of the best word error rate: "
        f"{winner.speed:.0f} times real time at {rate:.1f} %"
    )


def _quality(rows: Sequence[Row], colour: dict[str, int]) -> str:
    points = [
        Point(
            row.throughput.median,
            row.corpus.wer,
            row.name,
            colour[row.configuration.backend],
            (row.throughput.low, row.throughput.high),
            None
            if row.corpus.wer_low is None or row.corpus.wer_high is None
            else (row.corpus.wer_low, row.corpus.wer_high),
        )
        for row in rows
        if row.throughput and row.corpus and row.corpus.wer is not None
    ]
    return charts.speed_against_error(points) if points else ""


def _bars(
    rows: Sequence[Row], colour: dict[str, int], name: str, template: str, unit: float = 1.0
) -> str:
    bars: list[tuple[str, float, str, int]] = []
    for row in rows:
        if (value := getattr(row, name)) is not None:
            amount = value.median / unit
            text = template.format(amount)
            bars.append((row.name, amount, text, colour[row.configuration.backend]))
    return charts.bars(bars, name)


def _scatters(
    rows: Sequence[Row], utterances: Sequence[Utterance], colour: dict[str, int]
) -> list[tuple[str, str]]:
    """Chart the word error rate of every recording against its length, for each row."""
    named_charts: list[tuple[str, str]] = []
    for row in rows:
        points = [
            Point(
                utterance.duration,
                100 * score.errors / score.words,
                f"{utterance.id}: {score.errors} errors in {score.words} words",
                colour[row.configuration.backend],
            )
            for utterance, score in zip(utterances, row.scores, strict=True)
            if score is not None and score.words
        ]
        if len(points) >= 3 and len(points) * (len(named_charts) + 1) <= MAX_DOTS:
            chart = charts.scatter(points, "length of the recording, seconds", "word error rate, %")
            named_charts.append((row.name, chart))
    return named_charts


def _sound(utterance: Utterance) -> str:
    """Return the recording as a `data:` URL of MP3; empty if it is too long or unreadable."""
    import av

    if utterance.duration > MAX_SOUND:
        return ""
    try:
        samples = Recording(utterance.audio).read()
    except AudioError:
        return ""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:  # all browsers support it
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = 32_000
        whole = to_int16(samples)[None]
        frame = av.AudioFrame.from_ndarray(whole, "s16", "mono")
        frame.sample_rate = SAMPLE_RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return "data:audio/mpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _versions(results: Results) -> list[tuple[str, dict[str, str]]]:
    """Return the library versions of each backend, after those that all backends share."""
    versions: dict[str, dict[str, str]] = {}
    for row in results.rows:
        for run in row.runs:
            versions.setdefault(row.configuration.backend, {}).update(run.get("versions", {}))
    library_sets: list[Any] = [set(libraries.items()) for libraries in versions.values()]
    shared = set.intersection(*library_sets) if len(library_sets) > 1 else set()
    listed = [("all", dict(sorted(shared)))] if shared else []
    for backend, libraries in versions.items():
        own = {name: v for name, v in libraries.items() if (name, v) not in shared}
        if own:
            listed.append((backend, own))
    return listed
