"""Requests to a server with a long queue."""

from __future__ import annotations

import statistics
import time
import uuid
from pathlib import Path

from support.serving import running
from unispeech.server.storage.database import Database, Job


def long_queue(folder: Path, jobs: int, database: str = "") -> dict[str, float]:
    """Queue jobs that nobody runs; list them, show the last one and cancel all. Return the median
    and the largest duration of each kind of request in milliseconds, and the jobs left."""
    with (
        running(
            folder,
            jobs_at_once=0,
            queue_size=jobs,
            database_url=database,
            rate_limit="100000/minute",
        ) as server,  # fmt: skip
        server.client() as http,
    ):
        stored = Database(database or f"sqlite:///{folder / 'data' / 'unispeech.sqlite'}")
        now = time.time()
        ids = [str(uuid.uuid4()) for _ in range(jobs)]
        for number, id in enumerate(ids):
            stored.add(
                Job(id, "", "api", "a.wav", "faster", "tiny.en", {}, created=now + number / 1e3)
            )
        stored.close()
        time.sleep(1.0 + jobs / 20)  # the server enqueues them
        took: dict[str, list[float]] = {}

        def timed(kind: str, method: str, path: str) -> dict[str, object]:
            start = time.perf_counter()
            answer = http.request(method, path).raise_for_status()
            took.setdefault(kind, []).append(1000 * (time.perf_counter() - start))
            return dict(answer.json())

        for _ in range(10):
            listed = timed("list (ms)", "GET", "/api/jobs?limit=50")
            assert len(list(listed["jobs"])) == min(50, jobs)  # type: ignore[call-overload]
            last = timed("show (ms)", "GET", f"/api/jobs/{ids[-1]}")
            assert last["state"] == "queued"
        timed("list 500 (ms)", "GET", "/api/jobs?limit=500")
        for id in ids:
            timed("cancel (ms)", "POST", f"/api/jobs/{id}/cancel")
        left = timed("list (ms)", "GET", "/api/jobs?state=queued")["jobs"]
        medians = {f"{kind}, median": statistics.median(times) for kind, times in took.items()}
        worst = {f"{kind}, largest": max(times) for kind, times in took.items()}
        rounded = {kind: round(value, 1) for kind, value in {**medians, **worst}.items()}
        return {**rounded, "left": float(len(list(left)))}  # type: ignore[call-overload]
