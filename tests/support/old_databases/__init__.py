"""Databases of version 0.1 (commit 095dfe1), from before there were migrations.

Each was in use when its server was killed: a job runs, two wait, one failed, one is done,
corrected, decoded again in a part and shared. They are the dumps of `sqlite3` and of
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
"""How often the recording of the running job has the sample `pause`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The ids of the jobs and the secrets that open them."""

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
    """Chunks of the running job that were recorded."""


def facts(kind: str) -> Facts:
    return Facts(**json.loads((HERE / f"{kind}.json").read_text()))


def dump(name: str) -> str:
    """The SQL; its worker is a process of this host that has gone."""
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


def restore_recordings(folder: Path, kept: Facts) -> None:
    """The files of the jobs, under the data folder."""
    for job in (kept.done, kept.part, kept.failed, kept.running, kept.queued, kept.queued_range):
        (folder / "jobs" / job).mkdir(parents=True)
    for job in (kept.done, kept.queued):
        shutil.copy(SAMPLES / "pause.wav", folder / "jobs" / job / "upload")
    upload = str(folder / "jobs" / kept.running / "upload")
    with wave.open(str(SAMPLES / "pause.wav")) as source, wave.open(upload, "wb") as file:
        file.setparams(source.getparams())
        file.writeframes(source.readframes(source.getnframes()) * REPEATS)
