"""Jobs under a server that is killed at random moments."""

from __future__ import annotations

import json
import random
import time
import wave
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from support.samples import SAMPLES, words
from support.serving import Receiver, Server, until_ended
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE

OPTIONS: dict[str, Any] = {"chunk_length": 6.0, "batch_size": 4}
"""Short chunks in small batches, for many different moments to kill."""


def recordings(folder: Path, count: int, seed: int = 7) -> list[Path]:
    """Write files of different lengths, each a random sequence of the samples."""
    import numpy as np

    parts = [load(SAMPLES / f"{name}.wav") for name in ("english", "pause")]
    paths = []
    chance = random.Random(seed)
    for number in range(count):
        pieces = [chance.choice(parts) for _ in range(chance.randint(1, 7))]
        path = folder / f"{number}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((np.concatenate(pieces) * 32767).astype(np.int16).tobytes())
        paths.append(path)
    return paths


@dataclass(frozen=True, slots=True)
class Survived:
    """Result of a run with kills."""

    jobs: int
    correct: int
    kills: int
    notified: int
    """Jobs whose webhook arrived."""
    chunks: int
    decoded: int
    """Chunks that were decoded or queued for decoding, with repetitions."""
    repeated: int
    """Chunks that were decoded although their result was recorded; must be 0."""
    cut_off: list[int]
    """For each kill, the chunks of unfinished batches: at most one batch."""


def kill(
    folder: Path, jobs: int, kills: int, seed: int = 3, database: str = "", queue_database: str = ""
) -> Survived:
    """Submit jobs, kill and restart the server at random moments, and check all results.

    With a `database` (PostgreSQL) one process serves, and two workers are killed at random.
    """
    chance = random.Random(seed)
    receiver = Receiver()
    common: dict[str, Any] = {
        "allowed_webhooks_file": receiver.allow(folder),
        "log_level": "debug",
        "compute_type": "float32",
        "batch_size": OPTIONS["batch_size"],
        "database_url": database,
        "queue_database_url": queue_database,
    }
    here = 0 if database else 4
    server = Server(folder, **common, jobs_at_once=here).start()
    victims = [Server(folder, command="worker", **common) for _ in range(2 if database else 0)]
    for worker in victims:
        worker.start()
    victims = victims or [server]
    try:
        paths = recordings(folder, jobs)
        with server.client() as http:
            ids = [_submit(http, path) for path in paths]
        for _ in range(kills):
            time.sleep(chance.uniform(0.5, 9.0))
            victim = chance.choice(victims)
            victim.kill()
            victim.start(wait=chance.random() < 0.8)  # sometimes killed again while it starts
        server.wait()
        with server.client() as http:
            ended = [until_ended(http, id, 900) for id in ids]
            texts = [_text(http, job["id"]) for job in ended]
        receiver.wait(jobs, 60)
        notified = {body["job_id"] for body in receiver.bodies() if body["success"]}
    finally:
        for process in {*victims, server}:
            process.stop()
        receiver.close()
    expected = _expected(paths)
    correct = sum(words(a) == words(b) for a, b in zip(texts, expected, strict=True))
    return Survived(jobs, correct, kills, len(notified), *_counted([v.log for v in victims]))


def _submit(http: httpx.Client, path: Path) -> str:
    with path.open("rb") as file:
        fields = {**{k: str(v) for k, v in OPTIONS.items()}, "webhook_id": "desk"}
        answer = http.post("/api/jobs", files={"file": (path.name, file)}, data=fields)
    return str(answer.raise_for_status().json()["id"])


def _text(http: httpx.Client, id: str) -> str:
    return http.get(f"/api/jobs/{id}/transcript?format=txt").raise_for_status().text


def _expected(paths: list[Path]) -> list[str]:
    with Engine("faster", "tiny.en", compute_type="float32") as engine:
        return [engine.transcribe(path, **OPTIONS).text for path in paths]


def _counted(logs: list[Path]) -> tuple[int, int, int, list[int]]:
    """Count distinct chunks, decodings, decodings of recorded chunks, and chunks lost per kill.

    Log lines of several processes are ordered by time.
    """
    lines: list[dict[str, Any]] = []
    cut_off: list[int] = []
    for log in logs:
        open_batch = 0
        for text in log.read_text().splitlines():
            if not text.startswith("{"):
                continue
            line = json.loads(text)
            lines.append(line)
            if line["message"] == "batch begins":
                open_batch += line["chunks"]
            elif line["message"] == "batch ends":
                open_batch -= line["chunks"]
            elif line["message"] == "started":
                cut_off += [open_batch] if open_batch else []
                open_batch = 0
    begun: Counter[tuple[str, int]] = Counter()
    recorded: set[tuple[str, int]] = set()
    repeated = 0
    for line in sorted(lines, key=lambda line: str(line["time"])):
        key = (line.get("job", ""), line.get("chunk", -1))
        if line["message"] == "decoding":
            begun[key] += 1
            repeated += key in recorded
        elif line["message"] == "recorded":
            recorded.add(key)
    return len(begun), begun.total(), repeated, cut_off
