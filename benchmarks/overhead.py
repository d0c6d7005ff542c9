"""What measuring costs: the same work inside the benchmark's worker and in a bare process.

    python benchmarks/overhead.py DATA [ROUNDS]

Prints, for interleaved rounds, the time and the processor time that the work took in both, and the
processor time of the benchmark's own process meanwhile, which shares the machine with the worker.
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
began, used = time.perf_counter(), time.process_time()
for _ in engine.transcribe_many(sys.argv[2:], language="en"):
    pass
print(time.perf_counter() - began, time.process_time() - used)
"""


def main() -> None:
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    utterances = datasets.load(sys.argv[1], Path())
    warm_up = datasets.warm_up(utterances)
    one = Configuration("faster", "tiny.en", beam_size=1)
    clock: list[float] = []
    work: list[float] = []
    own: list[float] = []
    for number in range(rounds):
        paths = [str(u.audio) for u in (warm_up, *utterances)]
        bare = subprocess.run(
            [sys.executable, "-c", BARE, *paths], capture_output=True, text=True, check=True
        )
        bare_clock, bare_work = map(float, bare.stdout.split())
        with tempfile.TemporaryDirectory() as folder:
            plan = Plan([one], utterances, warm_up, 1, Path(folder))
            before = sum(os.times()[:2])
            runner.run(plan, lambda step: None)
            used = sum(os.times()[:2]) - before
            (record,) = runner.records(plan)
        clock.append(record["wall"] / bare_clock)
        work.append(record["cpu"] / bare_work)
        own.append(used / record["cpu"])
        print(
            f"round {number + 1}: bare {bare_clock:.2f} s (processor {bare_work:.2f} s), measured "
            f"{record['wall']:.2f} s ({record['cpu']:.2f} s), the benchmark itself {used:.3f} s"
        )
    print(
        f"median: {100 * (statistics.median(clock) - 1):+.2f} % by the clock, "
        f"{100 * (statistics.median(work) - 1):+.2f} % processor time of the work; the benchmark "
        f"itself used {100 * statistics.median(own):.2f} % of what the work did"
    )


if __name__ == "__main__":
    main()
