"""Upgrade of the data of version 0.1, whose server was killed while working."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from support import old_databases, postgres
from support.old_databases import REPEATS, Facts
from support.samples import reference, words
from support.serving import Server, running, until_ended
from unispeech.server.storage.migrations import versions


def check(server: Server, facts: Facts) -> None:
    with server.client(Authorization=f"Bearer {facts.secret}") as http:
        assert _text(http, facts.queued, words(reference("pause")))
        assert _text(http, facts.running, words(reference("pause")) * REPEATS)
        assert until_ended(http, facts.queued_range)["state"] == "done"
        # The text of the range is unchanged, so the result is merged.
        done = http.get(f"/api/jobs/{facts.done}").json()
        assert done["revision"] == 4 and done["options"] == {"word_timestamps": True}
        numbers = [
            revision["number"]
            for revision in http.get(f"/api/jobs/{facts.done}/revisions").json()["revisions"]
        ]
        assert numbers == [4, 3, 2, 1]
        old = http.get(f"/api/jobs/{facts.done}/revisions/2?format=txt")
        assert old.text.startswith("Corrected by hand.")
        assert http.get(f"/api/jobs/{facts.failed}").json()["state"] == "failed"
    with server.client() as anybody:
        shared = anybody.get(f"/api/shared/{facts.share}/transcript?format=txt")
        assert shared.status_code == 200 and "bread" in shared.text
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line[0] == "{"]
    newest = max(path.name[1:5] for path in Path(versions.__path__[0]).glob("r*.py"))
    assert [line["to"] for line in lines if line["message"] == "database upgraded"] == [newest]
    resumed = [line for line in lines if line["message"] == "job started" and line["resumed"]]
    assert [line["job"] for line in resumed] == [facts.running]
    decoded = {
        line["chunk"]
        for line in lines
        if line["message"] == "decoding" and line["job"] == facts.running
    }
    assert decoded and not decoded & set(range(facts.chunks))
    assert "Traceback" not in server.log.read_text()


def _text(http: httpx.Client, job: str, expected: list[str]) -> bool:
    ended = until_ended(http, job)
    assert ended["state"] == "done", ended
    return words(http.get(f"/api/jobs/{job}/transcript?format=txt").text) == expected


@pytest.mark.slow
def test_a_server_upgrades_sqlite_and_resumes_the_jobs(tmp_path: Path) -> None:
    facts = old_databases.restore_sqlite(tmp_path / "data")
    old_databases.restore_recordings(tmp_path / "data", facts)
    with running(tmp_path, log_level="debug") as server:
        check(server, facts)


@pytest.mark.slow
@postgres.NEEDED
def test_a_server_upgrades_postgres_and_resumes_the_jobs(tmp_path: Path) -> None:
    with postgres.postgres(tmp_path) as database:
        facts = old_databases.restore_postgres(database.url)
        old_databases.restore_recordings(tmp_path / "data", facts)
        with running(tmp_path, database_url=database.url, log_level="debug") as server:
            check(server, facts)
