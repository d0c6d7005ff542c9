"""Speed of two workers on one long recording, relative to one worker."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from support.samples import SAMPLES
from support.serving import Server, running, submit, until_ended
from unispeech.audio.pcm import WavWriter
from unispeech.audio.recording import load
from unispeech.types import SAMPLE_RATE


def spread(folder: Path, database: str, minutes: float, model: str) -> dict[str, float]:
    """Run a job with one worker and with two, each with one thread on a core of its own.

    Return wall seconds, and the processor seconds of all workers. Other work on the machine
    distorts the ratio of the wall seconds. Twice the ratio of the processor seconds is its upper
    bound: it leaves out the time that one worker waits for the other.
    """
    cores = sorted(os.sched_getaffinity(0))[:2]
    long, short = (_recording(folder, n) for n in (minutes, 2.0))
    common: dict[str, Any] = {
        "database_url": database, "model": model, "spread_minutes": 1.0, "jobs_at_once": 1,
    }  # fmt: skip
    workers = []
    measured = {}
    with running(folder, **{**common, "jobs_at_once": 0}) as server, server.client() as http:
        try:
            for count, core in enumerate(cores, 1):
                worker = Server(folder, command="worker", **common)
                worker.before_exec = _on(core)
                workers.append(worker.start())
                _run(http, short)  # loads the model in each worker
                before = [_processor_seconds(worker) for worker in workers]
                measured[f"{count}: wall (s)"] = _run(http, long)
                used = [_processor_seconds(w) - b for w, b in zip(workers, before, strict=True)]
                measured[f"{count}: processor (s)"] = sum(used)
        finally:
            for worker in workers:
                worker.stop()
    measured["ratio"] = measured["1: wall (s)"] / measured["2: wall (s)"]
    measured["upper bound"] = 2 * measured["1: processor (s)"] / measured["2: processor (s)"]
    return {name: round(value, 2) for name, value in measured.items()}


def _run(http: httpx.Client, recording: Path) -> float:
    """Seconds from the start of a job to its end."""
    job = until_ended(http, submit(http, recording, language="en"), 7200)
    assert job["state"] == "done", job
    return float(job["ended"]) - float(job["started"])


def _on(core: int) -> Callable[[], None]:
    return lambda: os.sched_setaffinity(0, {core})


def _processor_seconds(worker: Server) -> float:
    assert worker.process is not None
    process = psutil.Process(worker.process.pid)
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return float(sum(t.user + t.system for t in times))


def _recording(folder: Path, minutes: float, seed: int = 11) -> Path:
    """Write a random sequence of the samples."""
    chance = random.Random(seed)
    pieces = [load(SAMPLES / f"{name}.wav") for name in ("english", "pause")]
    path, missing = folder / f"{minutes:g}.wav", round(minutes * 60 * SAMPLE_RATE)
    with WavWriter(path) as file:
        while missing > 0:
            piece = chance.choice(pieces)[chance.randint(0, 9000) :][:missing]
            file.write(np.asarray(piece))
            missing -= len(piece)
    return path
