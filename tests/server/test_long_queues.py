"""Requests to a long queue cost a fixed number of queries. `benchmarks/service.py queue` measures
their time."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa
from fastapi.testclient import TestClient

from unispeech.server import settings
from unispeech.server.app import create_app
from unispeech.server.storage.database import Job


def queries(folder: Path, jobs: int) -> dict[str, int]:
    """Return the number of queries of each kind of request, with so many jobs in the queue."""
    app = create_app(settings.read(data_dir=folder, queue_size=2000))
    database = app.state.service.database
    with database.engine.begin() as connection:
        for number in range(jobs):
            values = {
                "id": f"job-{number}", "owner": "", "dialect": "api", "state": "queued",
                "filename": "a.wav", "backend": "faster", "model": "tiny", "options": "{}",
                "priority": 0, "created": time.time() + number, "done": 0.0, "run": 0,
                "interruptions": 0, "cancel": False,
            }  # fmt: skip
            connection.execute(sa.table("unispeech_jobs", *map(sa.column, values)).insert(), values)
    counted: list[str] = []
    sa.event.listen(
        database.engine, "before_cursor_execute", lambda *event: counted.append(event[2])
    )
    client, used = TestClient(app, base_url="http://localhost"), {}
    for method, path in (
        ("GET", "/api/jobs?limit=500"),
        ("GET", f"/api/jobs/job-{jobs - 1}"),
        ("GET", f"/v1/jobs/job-{jobs - 1}"),
        ("GET", "/v1/queue"),
        ("POST", "/api/jobs/job-0/cancel"),
    ):
        counted.clear()
        assert client.request(method, path).is_success
        used[path.partition("job-")[0]] = len(counted)
    database.close()
    return used


def test_queries_do_not_grow_with_the_queue(tmp_path: Path) -> None:
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
    short, long = queries(tmp_path / "short", 2), queries(tmp_path / "long", 1000)
    assert short == long
    assert max(long.values()) <= 10


def test_the_place_in_a_long_queue_is_right(tmp_path: Path) -> None:
    app = create_app(settings.read(data_dir=tmp_path))
    database = app.state.service.database
    for number, priority in enumerate((5, 0, 0)):
        database.add(Job(f"job-{number}", "", "api", "a.wav", "faster", "tiny", {},
                         priority=priority, created=float(number)))  # fmt: skip
    client = TestClient(app, base_url="http://localhost")
    places = [client.get(f"/api/jobs/job-{number}").json()["position"] for number in range(3)]
    assert places == [2, 0, 1]
