"""Cost of the process boundary: `faster` in this process and in a worker, interleaved.

    python benchmarks/boundary.py RECORDING [--minutes 10] [--rounds 5] [--clips 100]

The recording is repeated up to the given length. Prints the wall time of both for each round, and
the overhead of the worker's calls: their time here minus the backend's time in the worker, which
is independent of other load on the machine. Then the same for repeated calls with a one-second
clip.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from unispeech.audio.recording import load
from unispeech.backends.remote import Remote, Served
from unispeech.engine.engine import Engine
from unispeech.environments.remote_object import RemoteObject
from unispeech.models import store
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult


class Timed(Served):
    """The worker's side: the backend with the time of each call."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        decode = self.transcribe_batch

        def timed(chunks: Sequence[Chunk], options: DecodeOptions) -> Any:
            start = time.perf_counter()
            results = decode(chunks, options)
            return time.perf_counter() - start, results

        self.transcribe_batch = timed


class Watched(Remote):
    """This side: the same backend, with the overhead of each call."""

    def __init__(self, remote: Remote, process: RemoteObject) -> None:
        self.name = remote.name
        self.process = process
        self._windows, self._chunk_length = remote.windows, remote.chunk_length
        self.overheads: list[float] = []

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        start = time.perf_counter()
        backend_seconds, results = cast(Any, super().transcribe_batch(chunks, options))
        self.overheads.append(time.perf_counter() - start - backend_seconds)
        return cast(list[ChunkResult], results)


def engines(model: str) -> tuple[Engine, Engine, Watched]:
    here = Engine("faster", model, beam_size=1, language="en")
    there = Engine("faster", model, beam_size=1, language="en", isolated=True)
    assert isinstance(there.backend, Remote)
    plain = there.backend
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    )
    folder = store.obtain(model, "ctranslate2")
    arguments = (there.spec.target, folder, there.facts, LoadOptions())
    watched = Watched(
        plain, RemoteObject("faster", Path(sys.executable), "boundary:Timed", arguments)
    )
    watched.process.start()
    plain.close()
    there.backend = watched
    return here, there, watched


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recording")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--model", default="tiny.en")
    args = parser.parse_args()
    here, there, watched = engines(args.model)
    samples = load(args.recording)
    clip = samples[SAMPLE_RATE : 2 * SAMPLE_RATE]
    length = round(args.minutes * 60 * SAMPLE_RATE)
    long = np.tile(samples, -(-length // len(samples)))[:length]
    long_file(here, there, watched, long, args.rounds)
    one_second(here, there, watched, clip, args.clips)
    there.close()


def seconds(engine: Engine, samples: Any) -> float:
    start = time.perf_counter()
    engine.transcribe(samples, SAMPLE_RATE)
    return time.perf_counter() - start


def long_file(here: Engine, there: Engine, watched: Watched, samples: Any, rounds: int) -> None:
    for engine in (here, there):
        seconds(engine, samples[: 60 * SAMPLE_RATE])
    ratios, shares = [], []
    for number in range(rounds):
        watched.overheads.clear()
        first, second = (here, there) if number % 2 == 0 else (there, here)
        times = {id(engine): seconds(engine, samples) for engine in (first, second)}
        inside, outside = times[id(here)], times[id(there)]
        ratios.append(outside / inside - 1)
        shares.append(sum(watched.overheads) / outside)
        print(
            f"round {number + 1}: in process {inside:.2f} s, in a worker {outside:.2f} s "
            f"({100 * ratios[-1]:+.2f} %); overhead {sum(watched.overheads):.3f} s "
            f"in {len(watched.overheads)} calls"
        )
    print(
        f"{len(samples) / SAMPLE_RATE / 60:.0f} minutes: median "
        f"{100 * statistics.median(ratios):+.2f} % "
        f"by the clock, overhead {100 * statistics.median(shares):.2f} %"
    )


def one_second(here: Engine, there: Engine, watched: Watched, clip: Any, count: int) -> None:
    for engine in (here, there):
        seconds(engine, clip)
    watched.overheads.clear()
    inside: list[float] = []
    outside: list[float] = []
    for number in range(count):
        for engine in (here, there) if number % 2 == 0 else (there, here):
            (inside if engine is here else outside).append(seconds(engine, clip))
    differences = [1000 * (b - a) for a, b in zip(inside, outside, strict=True)]
    overhead = sorted(1000 * seconds for seconds in watched.overheads)
    high = overhead[int(0.95 * len(overhead))]
    print(
        f"1 s, {count} times: in process {1000 * statistics.median(inside):.1f} ms, in a worker "
        f"{1000 * statistics.median(outside):.1f} ms, median difference "
        f"{statistics.median(differences):+.2f} ms; overhead "
        f"{statistics.median(overhead):.2f} ms, 95th percentile {high:.2f} ms"
    )


if __name__ == "__main__":
    main()
