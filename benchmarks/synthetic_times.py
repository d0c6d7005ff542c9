"""Errors of SoundSwallower's word times on synthetic speech, whose times are known.

    python benchmarks/synthetic_times.py [--languages en,fr] [--noise 10]

The text is that which espeak-ng speaks (`synthetic_speech.py`), so this measures the aligner alone.
English is there for comparison: its errors on real speech are known (`word_times.py`), and those on
synthetic speech show how much of an error is the voice's. Prints a table as `word_times.py` does.
"""

from __future__ import annotations

import argparse

from synthetic_speech import sentences
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.bench import accuracy
from word_times import Errors, noisy


def row(language: str, noise: float | None) -> str:
    """The errors in one language, as a row of a table in Markdown."""
    aligner = SoundSwallower(language)
    starts: list[float] = []
    ends: list[float] = []
    lost = 0
    for samples, expected, text in sentences(language):
        words = aligner.align(noisy(samples, noise), text.split(), language)
        found = [(word.word, word.start, word.end) for word in words if word]
        lost += len(words) - len(found)
        errors = accuracy.word_times(expected, found)
        starts += errors.start_errors
        ends += errors.end_errors
    count = len(starts)
    return f"| {language} | {count} | {Errors.of(starts)} | {Errors.of(ends)} | {lost} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--languages", default="en,fr")
    parser.add_argument("--noise", type=float)
    args = parser.parse_args()
    print("| language | words | start: median / 95 % (ms) / within 50 ms | end | without time |")
    print("| --- | ---: | --- | --- | ---: |")
    for language in args.languages.split(","):
        print(row(language, args.noise), flush=True)


if __name__ == "__main__":
    main()
