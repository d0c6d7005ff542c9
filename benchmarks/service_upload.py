"""A large upload, and the server's memory meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from conftest import SAMPLES
from serving import running


def upload(folder: Path, megabytes: int) -> tuple[float, float]:
    """Megabytes of memory of the server before an upload of so many, and at most during it."""

    def zeros() -> Iterator[bytes]:
        yield (SAMPLES / "english.wav").read_bytes()
        for _ in range(megabytes):
            yield bytes(1 << 20)

    with running(folder) as server:
        assert server.process is not None
        status = Path(f"/proc/{server.process.pid}/status")
        before = _resident(status)
        peak = [before]
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.1):
                peak[0] = max(peak[0], _resident(status))

        thread = threading.Thread(target=watch)
        thread.start()
        with server.client() as http:
            answer = http.post(
                "/v1/transcribe?email_callback=a@example.org", content=zeros(), timeout=600
            )
            assert answer.status_code == 201, answer.text
            http.delete(f"/api/jobs/{answer.json()['job_id']}")
        stop.set()
        thread.join()
    return before, peak[0]


def _resident(status: Path) -> float:
    row = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(row.split()[1]) / 1024
