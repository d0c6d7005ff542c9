"""Errors of word times, for every backend with word times and for every aligner.

    python benchmarks/word_times.py DATA [--backends faster,openai] [--model tiny.en]
        [--aligners none,attention,soundswallower] [--half report|tune|all] [--noise 10]
        [--sample N] [--check]

DATA is a set of recordings with word times (see docs/guides/benchmark.md). Half of the speakers are
for tuning, the other half for the figures: the speakers sorted by the SHA-256 of their name, the
first half tunes. A speaker is the part of a file's name before the first `-`. `--noise` adds white
noise with a fixed seed, at so many decibels below the speech.

Prints a table in Markdown: the median and the 95th percentile of the absolute errors of starts and
ends in milliseconds, and the share within 50 ms, over the words that were transcribed correctly;
the share of those words; and how many words have times of the second best kind. A row of an aligner
also has its speed on one core, in seconds of audio a second. The row of a backend that is not
installed, or whose weights are unavailable, gives the reason.

`--check` ends with status 1 if SoundSwallower's row misses the figures that the project promises.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.aligners import lexicon
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.audio.recording import load
from unispeech.backends import registry
from unispeech.bench import accuracy, datasets
from unispeech.bench.utterances import Utterance
from unispeech.engine.engine import Engine
from unispeech.errors import UnispeechError
from unispeech.models import companions
from unispeech.types import SAMPLE_RATE, Samples, Transcript, Word

NEAR = 50.0
"""Milliseconds."""
SEED = 7
PROMISED = {None: (20.0, 120.0, 93.0), 10.0: (30.0, float("inf"), 85.0)}
"""By noise: the median and the 95th percentile in milliseconds at most, and the share within 50 ms
in percent at least."""


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of starts or ends, in milliseconds."""

    median: float
    late: float
    near: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Errors:
        errors = [1000 * error for error in seconds]
        near = 100 * sum(error <= NEAR + 0.1 for error in errors) / len(errors)
        return cls(statistics.median(errors), statistics.quantiles(errors, n=20)[-1], near)

    def __str__(self) -> str:
        return f"{self.median:.0f} / {self.late:.0f} / {self.near:.1f} %"

    def keeps(self, promised: tuple[float, float, float]) -> bool:
        median, late, near = promised
        return self.median <= median and self.late <= late and self.near >= near


def half(utterances: Sequence[Utterance], which: str) -> list[Utterance]:
    """The recordings of the speakers that are for tuning, or for the report."""
    if which == "all":
        return list(utterances)
    speakers = sorted({_speaker(u) for u in utterances}, key=lambda s: sha256(s.encode()).digest())
    middle = -(-len(speakers) // 2)
    chosen = speakers[:middle] if which == "tune" else speakers[middle:]
    return [utterance for utterance in utterances if _speaker(utterance) in chosen]


def _speaker(utterance: Utterance) -> str:
    return utterance.audio.name.partition("-")[0]


def sound(utterance: Utterance, noise: float | None) -> Samples:
    """The recording, with white noise so many decibels below its mean power."""
    return noisy(load(utterance.audio), noise)


def noisy(samples: Samples, noise: float | None) -> Samples:
    """The samples, with white noise so many decibels below their mean power."""
    if noise is None:
        return samples
    power = float(np.mean(np.square(samples))) / 10 ** (noise / 10)
    hiss = np.random.default_rng(SEED).standard_normal(len(samples)) * np.sqrt(power)
    mixed: Samples = (samples + hiss).astype(np.float32)
    mixed /= np.float32(max(1.0, float(np.abs(mixed).max())))
    return mixed


def transcripts(
    backend: str, model: str, aligner: str, sounds: Sequence[Samples]
) -> list[Transcript]:
    """Transcribe each recording greedily, with the words timed by an aligner.

    Raises:
        UnispeechError: the backend is not installed, has no weights here, or failed.
    """
    options: dict[str, Any] = {"aligner": aligner, "beam_size": 1, "language": "en"}
    if registry.find(backend).capabilities.emissions:
        model, options = companions.ALIGNERS["en"], {"word_timestamps": True}
    results: list[Transcript] = []
    with Engine(backend, model, **options) as engine:
        for result in engine.transcribe_many(sounds, SAMPLE_RATE):
            if isinstance(result, UnispeechError):
                raise result
            results.append(result)
    return results


def words_of(transcript: Transcript) -> list[Word]:
    return [word for segment in transcript.segments for word in segment.words]


def measure(
    results: Sequence[Transcript], utterances: Sequence[Utterance]
) -> tuple[Errors, Errors, float]:
    """The errors of starts and of ends, and the percentage of words that were matched."""
    timed = [[(word.word, word.start, word.end) for word in words_of(r)] for r in results]
    scores = [accuracy.word_times(u.words, t) for u, t in zip(utterances, timed, strict=True)]
    starts = [error for score in scores for error in score.start_errors]
    ends = [error for score in scores for error in score.end_errors]
    matched = 100 * len(starts) / sum(score.expected for score in scores)
    return Errors.of(starts), Errors.of(ends), matched


def others(results: Sequence[Transcript], aligner: str) -> str:
    """The words that are timed in another way, and those that are in no dictionary."""
    words = [word for result in results for word in words_of(result)]
    counts = Counter(word.timed_by for word in words if word.timed_by not in ("", aligner))
    if aligner == "soundswallower":
        known = lexicon.read("en")
        plain = ("".join(c for c in w.word.lower() if c.isalpha() or c == "'") for w in words)
        counts["not in the dictionary"] = sum(word not in known for word in plain if word)
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "0"


def speed(results: Sequence[Transcript], sounds: Sequence[Samples]) -> float:
    """Seconds of audio that SoundSwallower aligns in a second of processor time."""
    aligner = SoundSwallower("en")
    texts = [[word.word for word in words_of(result)] for result in results]
    aligner.align(sounds[0], texts[0], "en")
    begin = time.process_time()
    for samples, words in zip(sounds, texts, strict=True):
        aligner.align(samples, words, "en")
    return sum(map(len, sounds)) / SAMPLE_RATE / (time.process_time() - begin)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    names = [s.name for s in registry.BUILT_IN if s.capabilities.word_timestamps]
    parser.add_argument("--backends", default=",".join(names))
    parser.add_argument("--aligners", default="none,attention,soundswallower")
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--half", choices=["report", "tune", "all"], default="report")
    parser.add_argument("--noise", type=float)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    timed = [u for u in datasets.load(args.data, Path()) if u.words]
    utterances = half(timed, args.half)[: args.sample]
    sounds = [sound(utterance, args.noise) for utterance in utterances]
    minutes = sum(u.duration for u in utterances) / 60
    count = sum(len(u.words) for u in utterances)
    print(f"{len(utterances)} recordings, {minutes:.1f} minutes, {count} words, {args.model}\n")
    print("| backend | word times | start: median / 95 % (ms) / within 50 ms | end | words matched "
          "| otherwise timed | speed |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- |")
    kept = True
    for backend in args.backends.split(","):
        aligners = args.aligners.split(",")
        if registry.find(backend).capabilities.emissions:
            aligners = ["ctc"]
        for aligner in aligners:
            try:
                results = transcripts(backend, args.model, aligner, sounds)
            except UnispeechError as error:
                reason = str(error).replace("|", "/")
                print(f"| `{backend}` | {aligner} | no figure: {reason} | | | | |", flush=True)
                continue
            starts, ends, matched = measure(results, utterances)
            fast = f"{speed(results, sounds):.0f}x" if aligner == "soundswallower" else ""
            print(f"| `{backend}` | {aligner} | {starts} | {ends} | {matched:.1f} % "
                  f"| {others(results, aligner)} | {fast} |", flush=True)  # fmt: skip
            if aligner == "soundswallower":
                promised = PROMISED.get(args.noise, PROMISED[None])
                kept &= starts.keeps(promised) and ends.keeps(promised)
    if args.check and not kept:
        sys.exit("the word times miss the promised figures")


if __name__ == "__main__":
    main()
