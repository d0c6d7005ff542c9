"""How far word times are off, for every backend that gives any, and for --align.

    python benchmarks/word_times.py DATA [--backends faster,openai] [--model tiny.en] [--sample N]

DATA is a set of recordings with word times (see docs/guides/benchmark.md). Prints a table in
Markdown: the median and the 95th percentile of the absolute errors of starts and ends, in
milliseconds, over the words that were heard as they are written. Where weights cannot be had, or a
backend is not installed, its row says so.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unispeech.backends import registry
from unispeech.bench import accuracy, datasets
from unispeech.bench.utterances import Utterance
from unispeech.engine.engine import Engine
from unispeech.errors import UnispeechError
from unispeech.models import companions

ALIGN = "faster --align"
Timed = list[tuple[str, float, float]]


def heard(backend: str, model: str, utterances: Sequence[Utterance]) -> list[Timed]:
    """The words of each recording with their times, greedy.

    Raises:
        UnispeechError: the backend is not installed, its weights cannot be had, or it failed.
    """
    options: dict[str, Any] = {"word_timestamps": True, "beam_size": 1, "language": "en"}
    if backend == ALIGN:
        backend, options = "faster", {**options, "word_timestamps": False, "align": True}
    if registry.find(backend).capabilities.emissions:
        model, options = companions.ALIGNERS["en"], {"word_timestamps": True}
    told: list[Timed] = []
    with Engine(backend, model, **options) as engine:
        for result in engine.transcribe_many([one.audio for one in utterances]):
            if isinstance(result, UnispeechError):
                raise result
            said = [word for segment in result.segments for word in segment.words]
            told.append([(word.word, word.start, word.end) for word in said])
    return told


def row(name: str, told: Sequence[Timed], utterances: Sequence[Utterance]) -> str:
    found = [accuracy.word_times(u.words, t) for u, t in zip(utterances, told, strict=True)]
    starts = [1000 * e for one in found for e in one.start_errors]
    ends = [1000 * e for one in found for e in one.end_errors]
    matched = 100 * len(starts) / sum(one.expected for one in found)
    cells = [f"{statistics.median(e):.0f} / {percentile(e):.0f}" for e in (starts, ends)]
    return f"| `{name}` | {cells[0]} | {cells[1]} | {matched:.1f} % |"


def percentile(errors: Sequence[float]) -> float:
    return statistics.quantiles(errors, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    able = [s.name for s in registry.BUILT_IN if s.capabilities.word_timestamps]
    parser.add_argument("--backends", default=",".join([*able, ALIGN]))
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--sample", type=int)
    asked = parser.parse_args()
    utterances = [u for u in datasets.load(asked.data, Path()) if u.words][: asked.sample]
    minutes = sum(u.duration for u in utterances) / 60
    count = sum(len(u.words) for u in utterances)
    print(f"{len(utterances)} recordings, {minutes:.1f} minutes, {count} words, {asked.model}\n")
    print("| backend | start, median / 95 % (ms) | end, median / 95 % (ms) | words matched |")
    print("| --- | --- | --- | --- |")
    for name in asked.backends.split(","):
        try:
            print(row(name, heard(name, asked.model, utterances), utterances), flush=True)
        except UnispeechError as error:
            print(f"| `{name}` | no figure: {str(error).replace('|', '/')} | | |", flush=True)


if __name__ == "__main__":
    main()
