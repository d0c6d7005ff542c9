"""Databases of version 0.1 (commit 095dfe1), which had no migrations.

Each was in use when its server was killed: one job is running, two are queued, one has failed, and
one is done, edited, partly decoded again and shared. They are dumps of `sqlite3` and of
`pg_dump --inserts`; the names of the worker and its host are replaced.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import wave
from dataclasses import dataclass
from pathlib import Path

from support.samples import SAMPLES
from unispeech.server.jobs.heartbeat import host_id

HERE = Path(__file__).parent
REPEATS = 6
"""Repetitions of the sample `pause` in the recording of the running job."""


@dataclass(frozen=True, slots=True)
class Facts:
    """IDs of the jobs, and the secrets that give access to them."""

    secret: str
    share: str
    upload: str
    done: str
    part: str
    failed: str
    running: str
    queued: str
    queued_range: str
    chunks: int
    """Number of recorded chunks of the running job."""


def facts(kind: str) -> Facts:
    return Facts(**json.loads((HERE / f"{kind}.json").read_text()))


def dump(name: str) -> str:
    """Return the SQL. Its worker is a dead process of this host."""
    return (HERE / f"{name}.sql").read_text().replace("THIS HOST", host_id())


def restore_sqlite(folder: Path) -> Facts:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("unispeech", "workflows"):
        connection = sqlite3.connect(folder / f"{name}.sqlite")
        connection.executescript(dump(name))
        connection.close()
    return facts("sqlite")


def restore_postgres(url: str) -> Facts:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(dump("postgres").encode())
    return facts("postgres")


def restore_recordings(folder: Path, facts: Facts) -> None:
    """Write the files of the jobs to the data folder."""
    for job in (
        facts.done,
        facts.part,
        facts.failed,
        facts.running,
        facts.queued,
        facts.queued_range,
    ):
        (folder / "jobs" / job).mkdir(parents=True)
    for job in (facts.done, facts.queued):
        shutil.copy(SAMPLES / "pause.wav", folder / "jobs" / job / "upload")
    upload = str(folder / "jobs" / facts.running / "upload")
    with wave.open(str(SAMPLES / "pause.wav")) as source, wave.open(upload, "wb") as file:
        file.setparams(source.getparams())
        file.writeframes(source.readframes(source.getnframes()) * REPEATS)
