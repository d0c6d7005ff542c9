"""Errors of word times, for every backend with word times and for --align.

    python benchmarks/word_times.py DATA [--backends faster,openai] [--model tiny.en] [--sample N]

DATA is a set of recordings with word times (see docs/guides/benchmark.md). Prints a table in
Markdown: the median and the 95th percentile of the absolute errors of starts and ends, in
milliseconds, over the correctly transcribed words. The row of a backend that is not installed, or
whose weights are unavailable, gives the reason.
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


def timed_words(backend: str, model: str, utterances: Sequence[Utterance]) -> list[Timed]:
    """Transcribe each recording greedily, and return its words with their times.

    Raises:
        UnispeechError: the backend is not installed, has no weights here, or failed.
    """
    options: dict[str, Any] = {"word_timestamps": True, "beam_size": 1, "language": "en"}
    if backend == ALIGN:
        backend, options = "faster", {**options, "word_timestamps": False, "align": True}
    if registry.find(backend).capabilities.emissions:
        model, options = companions.ALIGNERS["en"], {"word_timestamps": True}
    timed: list[Timed] = []
    with Engine(backend, model, **options) as engine:
        for result in engine.transcribe_many([utterance.audio for utterance in utterances]):
            if isinstance(result, UnispeechError):
                raise result
            words = [word for segment in result.segments for word in segment.words]
            timed.append([(word.word, word.start, word.end) for word in words])
    return timed


def row(name: str, timed: Sequence[Timed], utterances: Sequence[Utterance]) -> str:
    scores = [accuracy.word_times(u.words, t) for u, t in zip(utterances, timed, strict=True)]
    starts = [1000 * error for score in scores for error in score.start_errors]
    ends = [1000 * error for score in scores for error in score.end_errors]
    matched = 100 * len(starts) / sum(score.expected for score in scores)
    cells = [f"{statistics.median(e):.0f} / {percentile(e):.0f}" for e in (starts, ends)]
    return f"| `{name}` | {cells[0]} | {cells[1]} | {matched:.1f} % |"


def percentile(errors: Sequence[float]) -> float:
    return statistics.quantiles(errors, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    names = [s.name for s in registry.BUILT_IN if s.capabilities.word_timestamps]
    parser.add_argument("--backends", default=",".join([*names, ALIGN]))
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--sample", type=int)
    args = parser.parse_args()
    utterances = [u for u in datasets.load(args.data, Path()) if u.words][: args.sample]
    minutes = sum(u.duration for u in utterances) / 60
    count = sum(len(u.words) for u in utterances)
    print(f"{len(utterances)} recordings, {minutes:.1f} minutes, {count} words, {args.model}\n")
    print("| backend | start, median / 95 % (ms) | end, median / 95 % (ms) | words matched |")
    print("| --- | --- | --- | --- |")
    for name in args.backends.split(","):
        try:
            print(row(name, timed_words(name, args.model, utterances), utterances), flush=True)
        except UnispeechError as error:
            print(f"| `{name}` | no figure: {str(error).replace('|', '/')} | | |", flush=True)


if __name__ == "__main__":
    main()
