"""Cost of an idle server, and the delay until a job starts."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from support.samples import SAMPLES
from support.serving import running, submit, until_ended


def idle(folder: Path, seconds: float, jobs: int = 10, database: str = "") -> dict[str, float]:
    """Measure the processor time of an idle server and its children, then the seconds from the
    acceptance of a job to its start, with a pause before each job."""
    with running(folder, database_url=database) as server, server.client() as http:
        assert server.process is not None
        time.sleep(45.0)  # start-up is over, and threads without work have ended
        pids = _family(server.process.pid)
        before, start = _cpu(pids), time.monotonic()
        time.sleep(seconds)
        used = (_cpu(pids) - before) / (time.monotonic() - start)
        threads = len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))
        until_ended(http, submit(http, SAMPLES / "english.wav"))  # loads the model
        delays = []
        for _ in range(jobs):
            time.sleep(3.0)
            job = until_ended(http, submit(http, SAMPLES / "english.wav"))
            delays.append(job["started"] - job["created"])
        return {
            "percent of a core": round(100 * used, 3),
            "threads": threads,
            "median delay of a job (s)": round(statistics.median(delays), 3),
            "largest delay of a job (s)": round(max(delays), 3),
        }


def _cpu(pids: list[int]) -> float:
    """Return the seconds of processor time of these processes, to the nanosecond (Linux)."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _family(pid: int) -> list[int]:
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [pid, *(p for child in children for p in _family(child))]
