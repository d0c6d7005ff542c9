"""Overhead of measuring: the same work in the benchmark's worker and in a bare process.

    python benchmarks/overhead.py DATA [ROUNDS]

DATA is English speech, in any form that `unispeech bench` reads. Prints, for interleaved rounds,
wall and processor time of the work in both, and the processor time of the benchmark's own process,
which shares the machine with the worker.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unispeech.bench import datasets, runner
from unispeech.bench.configuration import Configuration
from unispeech.bench.runner import Plan
from unispeech.bench.utterances import Utterance

BARE = """
import sys, time
from unispeech.system import allocator
from unispeech.engine.engine import Engine
allocator.tune()
engine = Engine("faster", "tiny.en", batch_size=16, beam_size=1)
engine.transcribe(sys.argv[1], language="en")
start, cpu_start = time.perf_counter(), time.process_time()
for _ in engine.transcribe_many(sys.argv[2:], language="en"):
    pass
print(time.perf_counter() - start, time.process_time() - cpu_start)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall and processor seconds; `own` is the processor time of the benchmark's own process."""

    clock: float
    work: float
    own: float = 0.0


def bare(warm_up: Utterance, utterances: Sequence[Utterance]) -> Cost:
    paths = [str(u.audio) for u in (warm_up, *utterances)]
    done = subprocess.run(
        [sys.executable, "-c", BARE, *paths], capture_output=True, text=True, check=True
    )
    return Cost(*map(float, done.stdout.split()))


def measured(warm_up: Utterance, utterances: Sequence[Utterance]) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        configuration = Configuration("faster", "tiny.en", beam_size=1)
        plan = Plan([configuration], utterances, warm_up, 1, Path(folder))
        before = sum(os.times()[:2])
        runner.run(plan, lambda step: None)
        own = sum(os.times()[:2]) - before
        (record,) = runner.records(plan)
        if record["status"] != "done":
            raise SystemExit(f"the measured run failed: {record.get('reason', record)}")
    return Cost(record["wall"], record["cpu"], own)


def main() -> None:
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    utterances = datasets.load(sys.argv[1], Path())
    warm_up = datasets.warm_up(utterances)
    outside: list[Cost] = []
    inside: list[Cost] = []
    for number in range(rounds):
        # The order alternates, since the first run finds a cooler machine and colder caches.
        for run, costs in ((bare, outside), (measured, inside))[:: -1 if number % 2 else 1]:
            costs.append(run(warm_up, utterances))
        plain, within = outside[-1], inside[-1]
        print(
            f"round {number + 1}: bare {plain.clock:.2f} s (processor {plain.work:.2f} s), "
            f"measured {within.clock:.2f} s ({within.work:.2f} s), "
            f"the benchmark itself {within.own:.3f} s",
            flush=True,
        )

    def increase(seconds: Callable[[Cost], float]) -> float:
        return 100 * (sum(map(seconds, inside)) / sum(map(seconds, outside)) - 1)

    print(
        f"all rounds: {increase(lambda cost: cost.clock):+.2f} % by the clock, "
        f"{increase(lambda cost: cost.work):+.2f} % processor time; the benchmark itself "
        f"used {100 * sum(cost.own for cost in inside) / sum(cost.work for cost in inside):.2f} % "
        "of the work's processor time"
    )


if __name__ == "__main__":
    main()
