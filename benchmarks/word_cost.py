"""Cost of word times: transcriptions without them, with attention's and with SoundSwallower's.

    python benchmarks/word_cost.py DATA [--model base] [--backend faster] [--beam-size 5]
        [--sample 10] [--rounds 3] [--threads 0]

The kinds take turns in each round, so that other work on the machine falls on all of them. Prints
for each kind the median wall time and processor time of a round, and their ratios to those of the
same round without words; then the seconds of audio that SoundSwallower alone aligns in a second of
processor time, on one core.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unispeech.audio.recording import load
from unispeech.bench import datasets
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE, Samples, Transcript
from word_times import speed

KINDS: dict[str, dict[str, Any]] = {
    "no words": {},
    "attention": {"aligner": "attention"},
    "soundswallower": {"aligner": "soundswallower"},
}


def transcribe(
    engine: Engine, sounds: Sequence[Samples], options: dict[str, Any]
) -> tuple[list[Transcript], float, float]:
    """The transcripts, and the seconds of wall time and of processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    results = [
        engine.transcribe(samples, SAMPLE_RATE, language="en", **options) for samples in sounds
    ]
    return results, time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--backend", default="faster")
    parser.add_argument("--model", default="base")
    parser.add_argument("--beam-size", type=int, default=5)
    parser.add_argument("--sample", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    sounds = [load(u.audio) for u in datasets.load(args.data, Path())[: args.sample]]
    seconds = sum(map(len, sounds)) / SAMPLE_RATE
    print(f"{len(sounds)} recordings, {seconds:.0f} s, {args.backend}, {args.model}\n")
    times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    results: list[Transcript] = []
    with Engine(args.backend, args.model, threads=args.threads, beam_size=args.beam_size) as engine:
        for options in KINDS.values():
            transcribe(engine, [sounds[0][: 30 * SAMPLE_RATE]], options)
        for _ in range(args.rounds):
            for kind, options in KINDS.items():
                results, wall, processor = transcribe(engine, sounds, options)
                times[kind].append((wall, processor))
    print("| word times | wall time (s) | ratio | processor time (s) | ratio |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for kind, measured in times.items():
        cells = [f"`{kind}`"]
        for column in (0, 1):
            pairs = zip(measured, times["no words"], strict=True)
            ratio = statistics.median(mine[column] / base[column] for mine, base in pairs)
            cells += [f"{statistics.median(m[column] for m in measured):.2f}", f"{ratio:.2f}"]
        print(f"| {' | '.join(cells)} |")
    print(f"\nSoundSwallower alone: {speed(results, sounds):.0f} times real time on one core")


if __name__ == "__main__":
    main()
