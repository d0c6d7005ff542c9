"""Time until a killed server answers again, and until it continues the job it was running."""

from __future__ import annotations

import json
import statistics
import time
import wave
from pathlib import Path

from support.samples import SAMPLES
from support.serving import Server, running, submit, until_ended


def recovery(folder: Path, kills: int) -> dict[str, float]:
    """Kill a server in the middle of a job, several times. Return medians in seconds."""
    ready, resumed = [], []
    with running(folder, jobs_at_once=1, log_level="debug") as server:
        with server.client() as http:
            job = submit(http, _long(folder), chunk_length="5", batch_size="1")
        for _ in range(kills):
            _until(server, "decoding")
            server.kill()
            start = time.monotonic()
            server.start()
            ready.append(time.monotonic() - start)
            _until(server, "job started")
            resumed.append(time.monotonic() - start)
        with server.client() as http:
            state = until_ended(http, job, 600)["state"]
    return {
        "until it answers (s)": round(statistics.median(ready), 2),
        "until the job continues (s)": round(statistics.median(resumed), 2),
        "done": float(state == "done"),
    }


def _until(server: Server, message: str) -> None:
    """Wait for a message in the log of the last start."""
    while True:
        lines = [line for line in server.log.read_text().splitlines() if line.startswith("{")]
        messages = [json.loads(line)["message"] for line in lines]
        last = max(n for n, text in enumerate(messages) if text == "started")
        if message in messages[last:]:
            return
        time.sleep(0.02)


def _long(folder: Path) -> Path:
    path = folder / "long.wav"
    with wave.open(str(SAMPLES / "pause.wav")) as source, wave.open(str(path), "wb") as file:
        file.setparams(source.getparams())
        file.writeframes(source.readframes(source.getnframes()) * 12)
    return path
