"""Planned chunks of running jobs that several workers may decode (decision 0119)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from unispeech.server.storage.database import Database, State, is_running
from unispeech.server.storage.tables import chunks, jobs, parts

LOST = "lost"
"""In the place of a worker: the worker that had taken the chunk died. Only the worker of the job
takes it again, so that a chunk which kills its process does not kill every worker."""

_RECORDED = sa.exists().where(
    chunks.c.job == parts.c.job, chunks.c.run == parts.c.run, chunks.c.number == parts.c.number
)


class Parts:
    """The planned chunks of one run of a job, on PostgreSQL. Each is open, or taken by a worker."""

    def __init__(self, database: Database, job: str, run: int) -> None:
        self._engine = database.engine
        self._values: dict[str, Any] = {"job": job, "run": run}
        self._own = (parts.c.job == job, parts.c.run == run)

    def add(self, planned: dict[int, bytes]) -> set[int]:
        """Add chunks, described as JSON, unless the run has ended. One that an earlier process
        planned otherwise is replaced, without its result. Return the numbers of those."""
        rows = [{**self._values, "number": n, "chunk": chunk} for n, chunk in planned.items()]
        there = sa.select(parts.c.number, parts.c.chunk)
        there = there.where(*self._own, parts.c.number.in_(planned))
        run = (chunks.c.job == self._values["job"], chunks.c.run == self._values["run"])
        with self._engine.begin() as c:
            if not is_running(c, **self._values):
                return set()
            changed = {int(n) for n, chunk in c.execute(there) if bytes(chunk) != planned[n]}
            c.execute(parts.delete().where(*self._own, parts.c.number.in_(changed)))
            c.execute(chunks.delete().where(*run, chunks.c.number.in_(changed)))
            c.execute(postgresql.insert(parts).on_conflict_do_nothing(), rows)
        return changed

    def open(self) -> dict[int, bytes]:
        """Return the chunks that any worker may take."""
        query = sa.select(parts.c.number, parts.c.chunk)
        with self._engine.connect() as c:
            rows = c.execute(query.where(*self._own, parts.c.worker.is_(None), ~_RECORDED))
            return {int(number): bytes(chunk) for number, chunk in rows}

    def taken(self) -> dict[str, list[int]]:
        """Return the numbers of the chunks that each worker has taken, "" for the open ones."""
        query = sa.select(sa.func.coalesce(parts.c.worker, ""), parts.c.number).where(*self._own)
        taken: dict[str, list[int]] = {}
        with self._engine.connect() as c:
            for worker, number in c.execute(query):
                taken.setdefault(worker, []).append(int(number))
        return taken

    def take(self, numbers: Sequence[int], worker: str, with_lost: bool) -> set[int]:
        """Take chunks for a worker, and return those that were not taken before."""
        lost = parts.c.worker == LOST if with_lost else sa.false()
        free = parts.c.worker.is_(None) | lost
        query = parts.update().where(*self._own, parts.c.number.in_(numbers), free, ~_RECORDED)
        with self._engine.begin() as c:
            rows = c.execute(query.values(worker=worker).returning(parts.c.number))
            return {int(number) for number in rows.scalars()}

    def release(self, worker: str) -> None:
        """Open the chunks again that a worker has taken and not recorded."""
        query = parts.update().where(*self._own, parts.c.worker == worker, ~_RECORDED)
        with self._engine.begin() as c:
            c.execute(query.values(worker=None))

    def discard(self, worker: str) -> None:
        """Remove the results of a worker, whose chunks are open again."""
        own = sa.select(parts.c.number).where(*self._own, parts.c.worker == worker)
        run = (chunks.c.job == self._values["job"], chunks.c.run == self._values["run"])
        with self._engine.begin() as c:
            c.execute(chunks.delete().where(*run, chunks.c.number.in_(own)))
        self.release(worker)


def release_lost(database: Database, live: Iterable[str]) -> None:
    """Free the chunks that dead workers have taken and not recorded."""
    dead = parts.c.worker.not_in([*live, LOST])
    with database.engine.begin() as c:
        c.execute(parts.update().where(dead, ~_RECORDED).values(worker=LOST))


def longest(database: Database, worker: str, without: Iterable[str]) -> str | None:
    """Return the running job of another worker with the most open chunks, but none of `without`."""
    count = sa.func.count()
    query = (
        sa.select(parts.c.job)
        .join(jobs, (jobs.c.id == parts.c.job) & (jobs.c.run == parts.c.run))
        .where(
            parts.c.worker.is_(None), ~_RECORDED, jobs.c.state == State.RUNNING, ~jobs.c.cancel,
            jobs.c.worker != worker, jobs.c.id.not_in(list(without)),
        )
        .group_by(parts.c.job)
        .order_by(count.desc())
        .limit(1)
    )  # fmt: skip
    with database.engine.connect() as c:
        found: Any = c.execute(query).scalar_one_or_none()
        return found and str(found)
