"""What a job's transcript is, and what it was before: every change is a revision of its own.

A revision is never written over. Whoever changes a transcript says which revision they have seen;
if it is no longer the newest, nothing is saved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unispeech.errors import UnispeechError
from unispeech.server.jobs import stored_transcripts
from unispeech.server.storage.database import Database, State
from unispeech.server.storage.tables import jobs
from unispeech.server.storage.tables import revisions as table
from unispeech.types import Transcript

DECODED, EDITED, AGAIN, RESTORED = "decoded", "edited", "decoded_again", "restored"

NEWEST = 10
"""Revisions that are kept whatever they are."""
MOST = 50
"""Revisions of one job, at most."""
LARGEST = 2**31 - 1
"""The largest number a database can hold here."""
APART = 600.0
"""Seconds between two edits that are both kept, once they are no longer among the newest."""


class Changed(UnispeechError):
    """The transcript is no longer the revision that was to be changed. `current` is what it is."""

    def __init__(self, current: int) -> None:
        super().__init__("the transcript has been changed meanwhile", "get it again and merge")
        self.current = current


class NoTranscript(UnispeechError):
    """The job is not done, or gone."""


@dataclass(frozen=True, slots=True)
class Revision:
    """When a transcript became what it then was, how, and by whom."""

    number: int
    created: float
    kind: str
    author: str | None
    source: str | None
    """The range's job, or the number of the revision that was restored."""
    segments: int


class Revisions:
    """The transcripts of all jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transcript(self, job: str, number: int | None = None) -> Transcript | None:
        """The transcript as it is, or as it was at a revision."""
        if number is not None and not 0 < number <= LARGEST:
            return None
        query = sa.select(table.c.transcript).where(table.c.job == job)
        if number is not None:
            query = query.where(table.c.number == number)
        with self._database.engine.connect() as c:
            found = c.execute(query.order_by(table.c.number.desc()).limit(1)).scalar()
        return stored_transcripts.load(found) if found is not None else None

    def list(self, job: str) -> Sequence[Revision]:
        """The newest first."""
        with self._database.engine.connect() as c:
            return _listed(c, job)

    def applied(self, job: str, source: str) -> int | None:
        """The revision of `job` that took in the text of the range's job `source`."""
        query = sa.select(sa.func.max(table.c.number)).where(
            table.c.job == job, table.c.source == source, table.c.kind == AGAIN
        )
        with self._database.engine.connect() as c:
            return c.execute(query).scalar()

    def finish(self, job: str, transcript: Transcript, **values: object) -> bool:
        """The first revision of a run and the end of the job, in one. Whether it was running."""
        with self._database.engine.begin() as c:
            query = jobs.update().where(jobs.c.id == job, jobs.c.state == State.RUNNING)
            if not c.execute(query.values(state=State.DONE, **values)).rowcount:
                return False
            _insert(c, job, _newest(c, job) + 1, transcript, DECODED)
            return True

    def save(
        self,
        job: str,
        transcript: Transcript,
        expected: int | None,
        kind: str = EDITED,
        author: str | None = None,
        source: str | None = None,
    ) -> int:
        """Make this the transcript; the number of the new revision.

        Raises:
            Changed: it is no longer revision `expected` (None: whatever it is).
            NoTranscript: the job is not done.
        """
        with self._database.engine.begin() as c:
            # Written first, so that the row is ours until the end, on SQLite and Postgres.
            held = jobs.update().where(jobs.c.id == job, jobs.c.state == State.DONE)
            if not c.execute(held.values(state=State.DONE)).rowcount:
                raise NoTranscript("the job has no transcript", "wait until it is done")
            current = _newest(c, job)
            if expected is not None and current != expected:
                raise Changed(current)
            _insert(c, job, current + 1, transcript, kind, author, source)
            gone = surplus(_listed(c, job))
            if gone:
                c.execute(table.delete().where(table.c.job == job, table.c.number.in_(gone)))
            return current + 1


def surplus(known: Sequence[Revision]) -> list[int]:
    """Which revisions may go, given all of a job, the newest first.

    The newest ten stay. Of the edits before, those go that were followed by another within ten
    minutes; then the oldest, until there are fifty. What was decoded first always stays.
    """
    kept = list(known[:NEWEST])
    gone: list[Revision] = []
    for revision in known[NEWEST:]:
        hurried = revision.kind == EDITED and kept[-1].created - revision.created < APART
        (gone if hurried else kept).append(revision)
    first = known[-1]
    if first not in kept:
        gone.remove(first)
        kept.append(first)
    gone += kept[MOST - 1 : -1]
    return [revision.number for revision in gone]


def _newest(c: sa.Connection, job: str) -> int:
    query = sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0))
    return int(c.execute(query.where(table.c.job == job)).scalar_one())


def _listed(c: sa.Connection, job: str) -> Sequence[Revision]:
    columns = [table.c[name] for name in Revision.__slots__]
    query = sa.select(*columns).where(table.c.job == job).order_by(table.c.number.desc())
    return [Revision(*row) for row in c.execute(query)]


def _insert(
    c: sa.Connection,
    job: str,
    number: int,
    transcript: Transcript,
    kind: str,
    author: str | None = None,
    source: str | None = None,
) -> None:
    c.execute(
        table.insert().values(
            job=job, number=number, created=time.time(), kind=kind, author=author, source=source,
            segments=len(transcript.segments), transcript=stored_transcripts.dump(transcript),
        )
    )  # fmt: skip
