"""What measuring costs: the same work inside the benchmark's worker and in a bare process.

    python benchmarks/overhead.py DATA [ROUNDS]

Prints, for interleaved rounds, the seconds the work took in both, and the processor time the
benchmark's own process used meanwhile (it shares the machine with the worker).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from unispeech.bench import datasets, runner
from unispeech.bench.plan import Configuration
from unispeech.bench.runner import Plan

BARE = """
import sys, time
from unispeech.engine import Engine
engine = Engine("faster", "tiny.en", batch_size=16, beam_size=1)
engine.transcribe(sys.argv[1], language="en")
began = time.perf_counter()
for _ in engine.transcribe_many(sys.argv[2:], language="en"):
    pass
print(time.perf_counter() - began)
"""


def main() -> None:
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    utterances = datasets.load(sys.argv[1], Path())
    warm_up = datasets.warm_up(utterances)
    one = Configuration("faster", "tiny.en", beam_size=1)
    inside: list[float] = []
    outside: list[float] = []
    shares: list[float] = []
    for number in range(rounds):
        paths = [str(u.audio) for u in (warm_up, *utterances)]
        bare = subprocess.run(
            [sys.executable, "-c", BARE, *paths], capture_output=True, text=True, check=True
        )
        outside.append(float(bare.stdout))
        with tempfile.TemporaryDirectory() as folder:
            plan = Plan([one], utterances, warm_up, 1, Path(folder))
            before = sum(os.times()[:2])
            runner.run(plan, lambda step: None)
            own = sum(os.times()[:2]) - before
            (record,) = runner.records(plan)
        inside.append(record["wall"])
        shares.append(own / record["wall"])
        print(
            f"round {number + 1}: bare {outside[-1]:.2f} s, measured {inside[-1]:.2f} s, "
            f"the benchmark's own processor time {own:.3f} s"
        )
    ratio = statistics.median(a / b for a, b in zip(inside, outside, strict=True)) - 1
    print(
        f"median: {100 * ratio:+.2f} % by the clock; "
        f"own processor time {100 * statistics.median(shares):.2f} % of it"
    )


if __name__ == "__main__":
    main()
