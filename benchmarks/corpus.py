"""Cost of `unispeech batch` over the engine alone, in one interleaved run.

    python benchmarks/corpus.py FOLDER [--rows 2000] [--rounds 3] [--model tiny.en]

FOLDER has short recordings, which are repeated to make the rows. Prints the batch command's
throughput as a fraction of `Engine.transcribe_many`, its overhead per row, and the memory after
each round, which must not grow.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

import psutil

from unispeech.corpus.folders import Folder
from unispeech.corpus.parts import Output
from unispeech.corpus.rows import Row, Shard
from unispeech.corpus.run import Limits, run
from unispeech.engine.engine import Engine


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="tiny.en")
    given = parser.parse_args()
    found = [row.audio for row in Folder(str(given.folder), Path("/nowhere/x")).rows()]
    paths = list(itertools.islice(itertools.cycle(found), given.rows))
    process = psutil.Process()
    ratios, overheads = [], []
    with Engine("faster", given.model) as engine:
        for number in range(given.rounds):
            turns = [alone, in_batch] if number % 2 else [in_batch, alone]
            seconds = {turn.__name__: turn(engine, paths) for turn in turns}
            ratios.append(seconds["alone"] / seconds["in_batch"])
            overheads.append((seconds["in_batch"] - seconds["alone"]) / given.rows)
            print(
                f"round {number + 1}: {seconds['alone']:.1f} s alone, {seconds['in_batch']:.1f} s "
                f"in batch, {process.memory_info().rss / 1e6:.0f} MB"
            )
    print(
        f"throughput {statistics.median(ratios):.3f} of the engine's, "
        f"{1000 * statistics.median(overheads):.2f} ms per row"
    )


def alone(engine: Engine, paths: list[str]) -> float:
    """Seconds of the engine for all recordings."""
    started = time.perf_counter()
    for _ in engine.transcribe_many(paths):
        pass
    return time.perf_counter() - started


def in_batch(engine: Engine, paths: list[str]) -> float:
    """Seconds of the batch command for the same, with parts in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        output = Output(Path(folder) / "out", Shard(), "jsonl")
        rows = (Row(number, path) for number, path in enumerate(paths))
        started = time.perf_counter()
        with output.opened({}):
            run(engine, output.undone(rows), output, Limits())
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
