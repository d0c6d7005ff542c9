"""Queries on jobs, their decoded chunks and their events; rows become dataclasses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from unispeech.server.storage import text_index
from unispeech.server.storage.connection import create_engine, is_storable
from unispeech.server.storage.migrations import upgrade
from unispeech.server.storage.tables import chunks, events, jobs, parts, revisions, shares, tags

AT_ONCE = 1000
"""IDs in one query."""


class State(StrEnum):
    """State of a job: queued, then running, then one of the three final states."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """An accepted recording. Times are Unix timestamps, durations seconds of audio."""

    id: str
    owner: str
    dialect: str
    filename: str
    backend: str
    model: str
    options: dict[str, Any]
    """Transcription options of the request, by the flat names of `TranscribeOptions.of`."""
    max_duration: float | None = None
    """Limit of the owner's key in seconds of audio; None: the server's limit."""
    state: State = State.QUEUED
    priority: int = 0
    """Lower runs first."""
    webhook_id: str | None = None
    email: str | None = None
    url: str | None = None
    parent: str | None = None
    """Job whose recording this job decodes a range of."""
    range_start: float | None = None
    range_end: float | None = None
    range_digest: str | None = None
    """Digest of the text that the result replaces; None: do not apply the result."""
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    duration: float | None = None
    done: float = 0.0
    worker: str | None = None
    run: int = 0
    """Number of retries so far; each retry is a new run."""
    interruptions: int = 0
    """Number of times the process that ran the job died."""
    cancel: bool = False
    error: str | None = None
    size: int | None = None
    """Bytes of the upload; None: not measured yet."""
    revision: int | None = None
    """Number of the current transcript; the text is in `server.jobs.revisions`."""

    @property
    def stem(self) -> str:
        """The name without its suffix. A name that was typed may have a point and no suffix."""
        return re.sub(r"(?<=.)\.\w{1,5}$", "", self.filename)


@dataclass(frozen=True, slots=True)
class Event:
    """Event of a job: `state`, `segment` or `warning`."""

    number: int
    kind: str
    body: dict[str, Any]


class Database:
    """Jobs, chunks and events in SQL. Safe to use from several threads and processes.

    Raises:
        OptionError: the URL is not one of a supported database.
        UnispeechError: the database does not answer, or a newer version has upgraded it.
    """

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        try:
            upgrade(self.engine)
        except BaseException:
            self.engine.dispose()
            raise

    def close(self) -> None:
        self.engine.dispose()

    # jobs

    def add(self, job: Job) -> None:
        """Insert a job and its first event in one transaction."""
        values = {name: getattr(job, name) for name in _COLUMNS}
        with self.engine.begin() as c:
            c.execute(jobs.insert().values({**values, "options": json.dumps(job.options)}))
            if job.parent is None:
                text_index.replace_name(c, job.id)
            _add_event(c, job.id, "state", {"state": job.state})

    def job(self, id: str) -> Job | None:
        if not is_storable(id):
            return None
        with self.engine.connect() as c:
            row = c.execute(JOBS.where(jobs.c.id == id)).mappings().first()
        return job_of(row) if row else None

    def list(
        self,
        owner: str | None,
        state: State | None,
        limit: int,
        parent: str | None = None,
    ) -> Sequence[Job]:
        """Return jobs, newest first. `owner=None` means all owners."""
        query = JOBS.where(*conditions(owner, state, parent=parent))
        query = query.order_by(jobs.c.created.desc(), jobs.c.id).limit(limit)
        with self.engine.connect() as c:
            return [job_of(row) for row in c.execute(query).mappings()]

    def change(self, id: str, *, only_in: Iterable[State] = State, **values: Any) -> bool:
        """Set columns of a job if it is in one of these states, and return whether it was."""
        query = jobs.update().where(jobs.c.id == id, jobs.c.state.in_(list(only_in)))
        with self.engine.begin() as c:
            return c.execute(query.values(**values)).rowcount == 1

    def count(self, *states: State, owner: str | None = None) -> int:
        """Return the number of jobs in these states, of one owner or of all."""
        query = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state.in_(states))
        if owner is not None:
            query = query.where(jobs.c.owner == owner)
        with self.engine.connect() as c:
            return int(c.execute(query).scalar_one())

    def jobs_ahead(self, job: Job) -> int:
        """Return the number of queued jobs of the same owner that run before this one."""
        query = (
            sa.select(sa.func.count())
            .select_from(jobs)
            .where(
                jobs.c.state == State.QUEUED,
                jobs.c.owner == job.owner,
                sa.tuple_(jobs.c.priority, jobs.c.created) < (job.priority, job.created),
            )
        )
        with self.engine.connect() as c:
            return int(c.execute(query).scalar_one())

    def queue_positions(self) -> dict[str, int]:
        """Return the queued jobs, each with the number of jobs that run before it."""
        query = sa.select(jobs.c.id).where(jobs.c.state == State.QUEUED)
        with self.engine.connect() as c:
            ids = c.execute(query.order_by(jobs.c.priority, jobs.c.created)).scalars()
            return {str(id): position for position, id in enumerate(ids)}

    def transcribed_seconds(self, owner: str) -> float:
        """Return the seconds of audio in finished jobs of one owner."""
        query = sa.select(sa.func.coalesce(sa.func.sum(jobs.c.duration), 0.0)).where(
            jobs.c.state == State.DONE, jobs.c.owner == owner
        )
        with self.engine.connect() as c:
            return float(c.execute(query).scalar_one())

    def expired(self, before: float) -> Sequence[str]:
        """Return the IDs of jobs that ended before this time."""
        query = sa.select(jobs.c.id).where(
            jobs.c.state.in_([s for s in State if s.final]), jobs.c.ended < before
        )
        with self.engine.connect() as c:
            return [str(id) for id in c.execute(query).scalars()]

    def unfinished(self) -> set[str]:
        """Return the IDs of queued and running jobs."""
        query = sa.select(jobs.c.id).where(jobs.c.state.in_([State.QUEUED, State.RUNNING]))
        with self.engine.connect() as c:
            return {str(id) for id in c.execute(query).scalars()}

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Return those of some IDs that are jobs'."""
        found: set[str] = set()
        with self.engine.connect() as c:
            for start in range(0, len(ids), AT_ONCE):
                some = [id for id in ids[start : start + AT_ONCE] if is_storable(id)]
                query = sa.select(jobs.c.id).where(jobs.c.id.in_(some))
                found.update(str(id) for id in c.execute(query).scalars())
        return found

    def unmeasured(self) -> Sequence[str]:
        """Return the IDs of jobs whose `size` is unknown: earlier versions did not store it."""
        with self.engine.connect() as c:
            ids = c.execute(sa.select(jobs.c.id).where(jobs.c.size.is_(None))).scalars()
            return [str(id) for id in ids]

    def remove(self, id: str) -> None:
        with self.engine.begin() as c:
            # First, so that a transcript that is being saved is waited for and then removed too.
            c.execute(jobs.delete().where(jobs.c.id == id))
            text_index.remove(c, id)
            for table in (chunks, events, parts, revisions, shares, tags):
                c.execute(table.delete().where(table.c.job == id))

    # chunk results and events

    def results(self, job: str, run: int, numbers: Sequence[int] | None = None) -> dict[int, bytes]:
        """Return the results of a run, of all chunks or of these."""
        query = sa.select(chunks.c.number, chunks.c.result)
        if numbers is not None:
            query = query.where(chunks.c.number.in_(numbers))
        with self.engine.connect() as c:
            rows = c.execute(query.where(chunks.c.job == job, chunks.c.run == run))
            return {int(number): bytes(result) for number, result in rows}

    def count_results(self, job: str, run: int) -> int:
        query = sa.select(sa.func.count()).select_from(chunks)
        with self.engine.connect() as c:
            query = query.where(chunks.c.job == job, chunks.c.run == run)
            return int(c.execute(query).scalar_one())

    def save_results(self, job: str, run: int, results: dict[int, bytes]) -> None:
        rows = [{"job": job, "run": run, "number": n, "result": r} for n, r in results.items()]
        with self.engine.begin() as c:
            numbers = list(results)
            same = (chunks.c.job == job, chunks.c.run == run, chunks.c.number.in_(numbers))
            c.execute(chunks.delete().where(*same))
            c.execute(chunks.insert(), rows)

    def add_results(self, job: str, run: int, results: dict[int, bytes]) -> bool:
        """Save results of a job that several workers decode; results that are there stay. Return
        False, and save nothing, if this run of the job has ended."""
        rows = [{"job": job, "run": run, "number": n, "result": r} for n, r in results.items()]
        with self.engine.begin() as c:
            if not is_running(c, job, run):
                return False
            c.execute(postgresql.insert(chunks).on_conflict_do_nothing(), rows)
            return True

    def remove_results(self, job: str, run: int) -> None:
        """Remove the chunks of a run and of earlier runs, once the transcript is stored."""
        with self.engine.begin() as c:
            for table in (chunks, parts):
                c.execute(table.delete().where(table.c.job == job, table.c.run <= run))

    def remove_ended_results(self) -> None:
        """Remove the chunks that runs have left whose process was killed between their end and the
        removal of their chunks."""
        for table in (chunks, parts):
            run = (jobs.c.id == table.c.job, jobs.c.run == table.c.run)
            going = sa.exists().where(*run, jobs.c.state.in_([State.QUEUED, State.RUNNING]))
            with self.engine.begin() as c:
                c.execute(table.delete().where(~going))

    def add_event(self, job: str, kind: str, body: dict[str, Any]) -> None:
        with self.engine.begin() as c:
            _add_event(c, job, kind, body)

    def events(self, job: str, after: int = 0, kind: str | None = None) -> Sequence[Event]:
        query = sa.select(events).where(events.c.job == job, events.c.number > after)
        if kind is not None:
            query = query.where(events.c.kind == kind)
        with self.engine.connect() as c:
            rows = c.execute(query.order_by(events.c.number)).mappings()
            return [Event(row["number"], row["kind"], json.loads(row["body"])) for row in rows]

    def remove_events(self, job: str) -> None:
        with self.engine.begin() as c:
            c.execute(events.delete().where(events.c.job == job))

    def ping(self) -> None:
        with self.engine.connect() as c:
            c.execute(sa.select(1))


def is_running(c: sa.Connection, job: str, run: int) -> bool:
    """Return whether this run of a job is running. On PostgreSQL a job that ends meanwhile waits
    for the transaction, and then removes what that has added."""
    running = (jobs.c.id == job, jobs.c.run == run, jobs.c.state == State.RUNNING)
    query = sa.select(jobs.c.id).where(*running).with_for_update(read=True)
    return c.scalar(query) is not None


def conditions(
    owner: str | None = None,
    state: State | None = None,
    before: float | None = None,
    parent: str | None = None,
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of jobs of an owner, in a state, created before a Unix time, that are
    ranges of a parent. None: any."""
    if parent is not None and not is_storable(parent):
        return [sa.false()]
    found = []
    if owner is not None:
        found.append(jobs.c.owner == owner)
    if state is not None:
        found.append(jobs.c.state == state)
    if before is not None:
        found.append(jobs.c.created < before)
    if parent is not None:
        found.append(jobs.c.parent == parent)
    return found


def _add_event(c: sa.Connection, job: str, kind: str, body: dict[str, Any]) -> None:
    c.execute(events.insert().values(job=job, kind=kind, body=json.dumps(body)))


_COLUMNS = [column.name for column in jobs.columns]
JOBS = sa.select(
    jobs,
    # While a job runs again, its earlier transcript stays.
    sa.select(sa.func.max(revisions.c.number))
    .where(revisions.c.job == jobs.c.id)
    .scalar_subquery()
    .label("revision"),
)


def job_of(row: Any) -> Job:
    values = {f.name: row[f.name] for f in fields(Job)}
    return Job(**{**values, "options": json.loads(row["options"]), "state": State(row["state"])})
