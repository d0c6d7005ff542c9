"""Recordings that change their language, and the cost of looking for changes.

    python benchmarks/languages.py DATA [FIGURE ...] [--model base] [--clips 0] [--threads 2]

DATA is a folder of data sets with a `manifest.jsonl` each (see the benchmark guide). Figures:

- `mixed`: the clips of DATA/multilingual (without Cantonese, which `base` does not have) in a
  seeded order, neighbours in different languages, with 0, 0.5 and 2 s between them. Prints the
  errors beside those of each clip alone in its known language, and the clips that are missing or
  translated.
- `single`: seconds of text in the wrong language in recordings of one language, and errors with and
  without the language given.
- `cost`: processor time to transcribe the first five minutes of an English chapter with the
  language detected, against the language given, in turns (`--clips` rounds).
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unispeech.audio.recording import load
from unispeech.bench.accuracy import score
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE, Samples, Transcript

BETWEEN = (0.0, 0.5, 2.0)
"""Seconds of silence between the clips."""
FIVE_MINUTES = 300
LOST = 0.6
"""Share of errors, beyond those of the clip alone, from which a clip counts as missing."""


@dataclass(frozen=True, slots=True)
class Clip:
    samples: Samples
    text: str
    language: str
    name: str


def clips(data: Path, folder: str) -> list[Clip]:
    lines = (data / folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        Clip(load(data / folder / row["audio"]), row["text"], row["language"], row["audio"])
        for row in rows
        if row["language"] != "yue"
    ]


def mixed(engine: Engine, data: Path, count: int) -> None:
    """Errors where the language changes, against each clip alone in its known language."""
    every = clips(data, "multilingual")
    alone = {c.name: heard(engine, c.samples, language=c.language).text for c in every}
    for between in BETWEEN:
        order = shuffled(every, count or 31, seed=round(10 * between))
        transcript, spans = together(engine, order, between)
        wrong, expected, words, lost = 0, 0, 0, []
        for clip, (start, end) in zip(order, spans, strict=True):
            inside = [s for s in transcript.segments if start <= (s.start + s.end) / 2 < end]
            text = "".join(segment.text for segment in inside)
            of_clip = score(clip.text, text, clip.language)
            of_alone = score(clip.text, alone[clip.name], clip.language)
            wrong, expected = wrong + of_clip.errors, expected + of_alone.errors
            words += of_clip.words
            if of_clip.errors - of_alone.errors > LOST * of_clip.words:
                languages = {segment.language for segment in inside}
                lost.append(f"  {clip.name} ({clip.language}, decoded as {languages}): {text}")
        print(
            f"{between:g} s between, {len(order) - 1} switches: {100 * wrong / words:.2f} % errors "
            f"(alone {100 * expected / words:.2f} %), {len(lost)} clips lost or translated, "
            f"{len(transcript.gaps)} gaps"
        )
        print(*lost, sep="\n")


def single(engine: Engine, data: Path, count: int) -> None:
    """Text in the wrong language, and errors, in recordings of one language."""
    for folder in ("librispeech", "longform", "multilingual", "telephone_8k", "words_en"):
        rows = clips(data, folder)[: count or None]
        wrong, seconds, found, given, words = 0.0, 0.0, 0, 0, 0
        for clip in rows:
            transcript = heard(engine, clip.samples)
            known = heard(engine, clip.samples, language=clip.language)
            for segment in transcript.segments:
                length = segment.end - segment.start
                seconds += length
                if segment.language != clip.language:
                    wrong += length
                    print(f"  {clip.name}: {segment.language} {length:.1f} s: {segment.text[:70]}")
            own = score(clip.text, transcript.text, clip.language)
            found, words = found + own.errors, words + own.words
            given += score(clip.text, known.text, clip.language).errors
        print(
            f"{folder}: {wrong:.1f} of {seconds:.0f} s of text in another language, "
            f"{100 * found / words:.2f} % errors ({100 * given / words:.2f} % with the language)"
        )


def cost(engine: Engine, data: Path, count: int) -> None:
    """Time with the language detected, against the time with the language given."""
    chapter = next(c.samples for c in clips(data, "longform") if c.language == "en")
    sound = chapter[: FIVE_MINUTES * SAMPLE_RATE]
    heard(engine, sound[: 30 * SAMPLE_RATE])
    ratios = []
    for number in range(count or 5):
        times = {}
        for language in ("en", None) if number % 2 else (None, "en"):
            began = time.process_time()
            heard(engine, sound, language=language)
            times[language] = time.process_time() - began
        ratios.append(times[None] / times["en"] - 1)
        print(f"  {times['en']:.2f} s given, {times[None]:.2f} s detected", flush=True)
    print(f"detection costs {100 * statistics.median(ratios):+.1f} % of the processor time")


def heard(engine: Engine, samples: Samples, language: str | None = None) -> Transcript:
    return engine.transcribe(samples, SAMPLE_RATE, language=language, beam_size=1)


def shuffled(rows: list[Clip], count: int, seed: int) -> list[Clip]:
    """Clips in a random order in which neighbours differ in language."""
    draw = random.Random(seed)
    order: list[Clip] = []
    while len(order) < count:
        clip = draw.choice(rows)
        if not order or order[-1].language != clip.language:
            order.append(clip)
    return order


def together(
    engine: Engine, order: list[Clip], between: float
) -> tuple[Transcript, list[tuple[float, float]]]:
    """The transcript of clips one after the other, and the times of the clips."""
    pause = np.zeros(round(between * SAMPLE_RATE), np.float32)
    pieces: list[Samples] = []
    spans, at = [], 0.0
    for clip in order:
        length = len(clip.samples) / SAMPLE_RATE
        spans.append((at, at + length + between))
        pieces += [clip.samples, pause]
        at += length + between
    return heard(engine, np.concatenate(pieces)), spans


FIGURES = {f.__name__: f for f in (mixed, single, cost)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("figures", nargs="*", metavar="FIGURE")
    parser.add_argument("--model", default="base")
    parser.add_argument("--backend", default="faster")
    parser.add_argument("--clips", type=int, default=0, help="clips or rounds of each figure")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    with Engine(given.backend, given.model, threads=given.threads) as engine:
        for name in given.figures or FIGURES:
            FIGURES[name](engine, given.data, given.clips)


if __name__ == "__main__":
    main()
