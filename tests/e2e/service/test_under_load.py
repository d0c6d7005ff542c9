"""The service under kills, load, large uploads and fuzzing, as `benchmarks/service.py` measures
it. No timing is asserted. The long forms run only in `make soak`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import service_attack
import service_kill
import service_load
import service_queue
import service_recovery
import service_upload
from support import postgres
from support.samples import ROOT
from support.serving import Server, running

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("jobs", "kills"), [(2, 2), pytest.param(20, 20, marks=pytest.mark.soak)])
def test_every_job_survives_repeated_kills(tmp_path: Path, jobs: int, kills: int) -> None:
    survived = service_kill.kill(tmp_path, jobs=jobs, kills=kills)
    assert (survived.correct, survived.notified, survived.repeated) == (jobs, jobs, 0)
    assert all(chunks <= 4 for chunks in survived.cut_off), "more than a batch was lost"


@postgres.NEEDED
@pytest.mark.parametrize(("jobs", "kills"), [(2, 1), pytest.param(12, 12, marks=pytest.mark.soak)])
def test_on_postgres_another_worker_takes_over_the_jobs_of_a_dead_one(
    tmp_path: Path, jobs: int, kills: int
) -> None:
    """The tables are reached through PgBouncer, the queue directly."""
    with postgres.postgres(tmp_path) as server, postgres.pooled(server, tmp_path) as pooled:
        survived = service_kill.kill(
            tmp_path, jobs=jobs, kills=kills, database=pooled, queue_database=server.url
        )
    assert (survived.correct, survived.notified, survived.repeated) == (jobs, jobs, 0)
    assert all(chunks <= 4 for chunks in survived.cut_off)


@pytest.mark.parametrize("clients", [8, pytest.param(64, marks=pytest.mark.soak)])
def test_many_concurrent_clients_are_all_answered(tmp_path: Path, clients: int) -> None:
    measured = service_load.load_test(tmp_path, clients=clients, alone=1)
    assert (measured.errors, measured.refused) == (0, 0)


@pytest.mark.parametrize("megabytes", [200, pytest.param(2000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("form", [False, True], ids=["body", "form"])
def test_a_large_upload_is_not_held_in_memory(tmp_path: Path, form: bool, megabytes: int) -> None:
    uploaded = service_upload.upload(tmp_path, megabytes, form)
    assert uploaded.peak - uploaded.before < 60


def test_a_small_file_of_many_hours_is_rejected(tmp_path: Path) -> None:
    refusal = service_upload.bomb(tmp_path, hours=7, known=False)
    assert refusal.file < 1_000_000
    assert (refusal.status, refusal.code) == (413, "audio_too_long")


def test_accepted_jobs_survive_a_kill_during_uploads(tmp_path: Path) -> None:
    survived = service_upload.cut_off(tmp_path)
    assert (survived.correct, survived.resumed, survived.unexpected) == (3, True, 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("schema"), rate_limit="1000000/minute", max_upload=2_000_000
    ) as server:
        yield server


DOWNLOAD = "/v1/download/{job_id}"
ENDLESS = "/api/events"
"""Event stream without an end: each request would last until its timeout."""
CONFORMS = "status_code_conformance,content_type_conformance,response_schema_conformance"


BODIES = {"PYTHONPATH": str(ROOT / "tests" / "support"), "SCHEMATHESIS_HOOKS": "upload_bodies"}
REPEATED = r"^/(api/shared/|api/jobs/[^/]*/revisions/|openai/)|(translations|check)$"
"""Operations whose parameters are those of another one. The short form leaves them out."""
SHORT = ["--phases", "coverage", "--exclude-path-regex", REPEATED]
LONG = ["--phases", "examples,coverage,fuzzing", "--max-examples", "500"]


@pytest.mark.parametrize(
    "effort", [SHORT, pytest.param(LONG, marks=pytest.mark.soak)], ids=["short", "long"]
)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--checks", f"not_a_server_error,{CONFORMS}",
         "--exclude-path", DOWNLOAD, "--exclude-path", ENDLESS],
        ["--checks", CONFORMS, "--include-path", DOWNLOAD],  # WAAS answers `500 Job failed`
    ],
    ids=["all", "download"],
)  # fmt: skip
def test_every_response_conforms_to_the_openapi_document(
    server: Server, arguments: list[str], effort: list[str]
) -> None:
    """schemathesis finds no server error and no undocumented status, media type or schema.

    Not with `--workers 2`: its threads meet a defect of Python 3.11's `ast` (SystemError).
    """
    run = subprocess.run(
        [str(Path(sys.executable).parent / "schemathesis"), "run", f"{server.url}/openapi.json",
         "--seed", "1", "--request-timeout", "60", "--suppress-health-check", "all",
         "--warnings", "off", *effort, *arguments],
        capture_output=True, text=True, check=False,
        env={**os.environ, **BODIES}, cwd=server.folder,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


@pytest.mark.parametrize("jobs", [30, pytest.param(1000, marks=pytest.mark.soak)])
def test_all_jobs_of_a_long_queue_can_be_cancelled(tmp_path: Path, jobs: int) -> None:
    assert service_queue.long_queue(tmp_path, jobs)["left"] == 0


@pytest.mark.parametrize(
    ("megabytes", "clients"), [(3, 2), pytest.param(30, 4, marks=pytest.mark.soak)]
)
def test_large_bodies_cost_little_memory(tmp_path: Path, megabytes: int, clients: int) -> None:
    """The bounds are far above what four bodies of 30 MB need."""
    measured = service_attack.attack(tmp_path, megabytes, clients)
    statuses = {kind: set(row["statuses"]) for kind, row in measured.items()}  # type: ignore[call-overload]
    assert statuses["nested JSON, no key"] <= {401, 0}  # 0: closed while the client still sends
    assert statuses["nested JSON"] <= {400, 413, 0}
    assert statuses["form fields"] <= {413, 0}
    assert statuses["long transcripts"] == {204}
    assert statuses["50 small requests of each client"] == {200}
    for kind, row in measured.items():
        assert int(str(row["memory (MB)"])) < 600, (kind, row)
    assert int(str(measured["nested JSON, no key"]["memory (MB)"])) < 60


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.soak)])
def test_a_killed_server_answers_and_continues(tmp_path: Path, kills: int) -> None:
    assert service_recovery.recovery(tmp_path, kills)["done"]
