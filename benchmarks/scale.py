"""A model of a large archive: the load on the database, what it stores, and what it costs.

    python benchmarks/scale.py measure     # constants of this machine, with PostgreSQL
    python benchmarks/scale.py simulate [--speed 20] [--minutes 30] [--workers 10,100,1000]
    python benchmarks/scale.py bill [--hours 1000000] [--days 30] [--speed 20] [--price 0.08]

`measure` runs a server and workers on a private PostgreSQL and prints what jobs cost it.
`simulate` lets workers take jobs for an hour and share one database, which writes one transaction
after the other. `bill` is arithmetic. The defaults of `Costs` are figures of `measure`.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # support.serving

HOUR, DAY = 3600.0, 86_400.0
LATENCY = 0.001
"""Seconds of a transaction besides the database's own work: the network."""
SPREAD = 0.8
"""Standard deviation of the logarithm of the lengths of recordings."""
BLOCK = 5e6
"""Bytes that fsspec reads at a time from an object store."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Cost of jobs for the database."""

    per_job: float = 13.0
    """Transactions that write for a job, whatever its length."""
    per_hour: float = 90.0
    """The same for each hour of sound."""
    idle: float = 0.2
    """The same a second of a worker that waits."""
    capacity: float = 750.0
    """Transactions a second that the database can write."""
    job_bytes: float = 12_000.0
    """Bytes stored for a job, whatever its length."""
    hour_bytes: float = 1_000_000.0
    """Bytes stored for each hour of sound."""


@dataclass(frozen=True, slots=True)
class Load:
    """An hour of some workers."""

    efficiency: float
    """Share of the time that workers decode."""
    database: float
    """Share of the time that the database works."""
    sound: float
    """Hours of sound that were transcribed."""


def simulate(
    workers: int, speed: float, minutes: float, costs: Costs, seconds: float = HOUR
) -> Load:
    """Let workers transcribe recordings of `minutes` on average, at `speed` times real time.

    A job alternates between decoding and transactions, for which all workers queue.
    """
    chance = random.Random(workers)
    mu = math.log(60 * minutes) - SPREAD**2 / 2
    own = costs.capacity - workers * costs.idle
    service = 1 / own if own > 0 else float("inf")
    free_at, busy, decoded = 0.0, 0.0, 0.0
    waiting = [(chance.random(), worker) for worker in range(workers)]
    left = [0] * workers  # transactions of the worker's job
    piece = [0.0] * workers  # seconds of decoding between two of them
    while waiting[0][0] < seconds:
        now, worker = waiting[0]
        if not left[worker]:
            length = chance.lognormvariate(mu, SPREAD)
            left[worker] = max(round(costs.per_job + costs.per_hour * length / HOUR), 1)
            piece[worker] = length / speed / left[worker]
        free_at = max(free_at, now) + service
        busy += service
        left[worker] -= 1
        decoded += piece[worker]
        heapq.heapreplace(waiting, (free_at + LATENCY + piece[worker], worker))
    total = workers * seconds
    return Load(
        min(decoded / total, 1.0),
        min(busy / seconds + workers * costs.idle / costs.capacity, 1.0),
        decoded * speed / HOUR,
    )


def measure() -> Costs:
    """Measure the constants with a server, workers and PostgreSQL on this machine."""
    from support.postgres import postgres

    with tempfile.TemporaryDirectory(prefix="unispeech-") as place:
        folder = Path(place)
        with postgres(folder) as database:
            return _measured(folder, database.url)


def _measured(folder: Path, url: str) -> Costs:
    import numpy as np

    from support.samples import SAMPLES
    from support.serving import Server, running, submit, until_ended
    from unispeech.audio.recording import load
    from unispeech.types import SAMPLE_RATE

    samples = np.tile(load(SAMPLES / "english.wav"), 60)
    hours = len(samples) / SAMPLE_RATE / HOUR
    _write(folder / "long.wav", samples)
    with running(folder, database_url=url, jobs_at_once=0) as server, server.client() as http:
        alone = _rate(url, 20)
        workers = [Server(folder, command="worker", database_url=url).start() for _ in range(2)]
        try:
            until_ended(http, submit(http, SAMPLES / "english.wav"))  # the models are loaded
            until_ended(http, submit(http, SAMPLES / "english.wav"))
            idle = max((_rate(url, 20) - alone) / len(workers), 0.0)
            first = _state(url)
            for _ in range(20):
                until_ended(http, submit(http, SAMPLES / "english.wav"))
            second = _state(url)
            until_ended(http, submit(http, folder / "long.wav"), 600)
            third = _state(url)
        finally:
            for worker in workers:
                worker.stop()
    seconds = [after.time - before.time for before, after in ((first, second), (second, third))]
    background = [(alone + len(workers) * idle) * s for s in seconds]
    per_job = (second.writes - first.writes - background[0]) / 20
    job_bytes = (second.size - first.size) / 20
    return Costs(
        per_job=per_job,
        per_hour=max(third.writes - second.writes - background[1] - per_job, 0.0) / hours,
        idle=idle,
        capacity=_capacity(url),
        job_bytes=job_bytes,
        hour_bytes=max(third.size - second.size - job_bytes, 0.0) / hours,
    )


@dataclass(frozen=True, slots=True)
class _State:
    time: float
    writes: int
    size: int


def _state(url: str) -> _State:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, "
            "pg_database_size(current_database())"
        ).fetchone()
    assert row is not None
    return _State(time.monotonic(), *row)


def _rate(url: str, seconds: float) -> float:
    """Transactions a second while nothing is asked for."""
    before = _state(url)
    time.sleep(seconds)
    after = _state(url)
    return (after.writes - before.writes) / (after.time - before.time)


def _capacity(url: str, threads: int = 16, seconds: float = 10.0) -> float:
    """Transactions a second that store the result of a chunk."""
    from unispeech.server.storage.database import Database

    ends = time.monotonic() + seconds
    counts = [0] * threads

    def write(number: int) -> None:
        database = Database(url)
        while time.monotonic() < ends:
            database.save_results(f"scale-{number}", 1, {counts[number]: bytes(1500)})
            counts[number] += 1
        database.close()

    running = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / seconds


def _write(path: Path, samples: object) -> None:
    import soundfile

    soundfile.write(path, samples, 16_000)


def print_simulation(args: argparse.Namespace, costs: Costs) -> None:
    print("| workers | hours of sound a day | workers busy | database busy |")
    print("| ---: | ---: | ---: | ---: |")
    for workers in args.workers:
        load = simulate(workers, args.speed, args.minutes, costs)
        print(
            f"| {workers:,} | {24 * load.sound:,.0f} | {load.efficiency:.0%} | "
            f"{load.database:.0%} |"
        )


def print_bill(args: argparse.Namespace, costs: Costs) -> None:
    recordings = args.hours * 60 / args.minutes
    work = args.hours / args.speed / args.busy
    size = args.minutes * args.megabytes_per_minute * 1e6
    rows = {
        "recordings": f"{recordings:,.0f}",
        "workers": f"{math.ceil(work / (24 * args.days)):,}",
        "worker hours": f"{work:,.0f}",
        "cost of the workers": f"{work * args.price:,.0f}",
        "recordings in the store": f"{recordings * size / 1e12:,.1f} TB",
        "requests to the store": f"{recordings * math.ceil(size / BLOCK):,.0f}",
        "transactions": f"{recordings * costs.per_job + args.hours * costs.per_hour:,.0f}",
        "transactions a second": (
            f"{(recordings * costs.per_job + args.hours * costs.per_hour) / (args.days * DAY):,.0f}"
        ),
        "database": (
            f"{(recordings * costs.job_bytes + args.hours * costs.hour_bytes) / 1e9:,.0f} GB"
        ),
    }
    for name, value in rows.items():
        print(f"| {name} | {value} |")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("measure", "simulate", "bill"))
    parser.add_argument("--speed", type=float, default=20.0, help="times real time of a worker")
    parser.add_argument("--minutes", type=float, default=30.0, help="mean length of a recording")
    parser.add_argument("--busy", type=float, default=0.99, help="share of it, of `simulate`")
    parser.add_argument("--hours", type=float, default=1e6)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--price", type=float, default=0.08, help="of an hour of a worker")
    parser.add_argument("--megabytes-per-minute", type=float, default=1.0)
    parser.add_argument("--workers", type=_numbers, default=[10, 30, 100, 300, 1000, 3000])
    args = parser.parse_args()
    if args.what == "measure":
        found = measure()
        for field in fields(found):
            print(f"{field.name}: {getattr(found, field.name):,.3g}")
    elif args.what == "simulate":
        print_simulation(args, Costs())
    else:
        print_bill(args, Costs())


if __name__ == "__main__":
    main()
