"""Revisions of a job's transcript: every change is stored as a new one.

Revisions are never overwritten. A change names the revision that it is based on, and is rejected if
that is no longer the newest.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unispeech.errors import UnispeechError
from unispeech.server.jobs import stored_transcripts
from unispeech.server.jobs.passages import passages_of
from unispeech.server.storage import text_index
from unispeech.server.storage.database import Database, State
from unispeech.server.storage.tables import jobs
from unispeech.server.storage.tables import revisions as table
from unispeech.server.storage.text_index import Passage
from unispeech.types import Transcript

log = logging.getLogger("unispeech.server")

DECODED, EDITED, AGAIN, RESTORED = "decoded", "edited", "decoded_again", "restored"

ALWAYS_KEPT = 10
"""Newest revisions, which are always kept."""
LIMIT = 50
"""Largest number of revisions of one job."""
MAX_NUMBER = 2**31 - 1
"""Largest integer of the column."""
MIN_INTERVAL = 600.0
"""Seconds between two older edits, below which the earlier one is removed."""


class Changed(UnispeechError):
    """The change is based on an old revision; the newest is `current`."""

    def __init__(self, current: int) -> None:
        super().__init__("the transcript has changed meanwhile", "fetch it again and merge")
        self.current = current


class NoTranscript(UnispeechError):
    """The job is not done, or was deleted."""


@dataclass(frozen=True, slots=True)
class Revision:
    """Metadata of one revision: when it was made, how, and by whom."""

    number: int
    created: float
    kind: str
    author: str | None
    source: str | None
    """ID of the re-decoded range's job, or the number of the restored revision."""
    segments: int


class Revisions:
    """Transcripts of all jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transcript(self, job: str, number: int | None = None) -> Transcript | None:
        """Return a revision's transcript, or the newest one; None if there is none."""
        if number is not None and not 0 < number <= MAX_NUMBER:
            return None
        query = sa.select(table.c.transcript).where(table.c.job == job)
        if number is not None:
            query = query.where(table.c.number == number)
        with self._database.engine.connect() as c:
            data = c.execute(query.order_by(table.c.number.desc()).limit(1)).scalar()
        return stored_transcripts.load(data) if data is not None else None

    def index_missing(self, limit: int) -> int:
        """Index recordings of earlier versions for the search, and return their number."""
        with self._database.engine.connect() as c:
            ids = text_index.unindexed(c, limit)
        for id in ids:
            with self._database.engine.begin() as c:
                if not c.execute(jobs.update().where(jobs.c.id == id).values(id=id)).rowcount:
                    continue  # just deleted
                text_index.replace_name(c, id)
                text_index.replace_texts(c, id, self._passages(id))
        return len(ids)

    def _passages(self, id: str) -> Sequence[Passage]:
        """Return the passages of a job's text; none if it cannot be read, so that it does not keep
        the recordings after it from the index."""
        try:
            transcript = self.transcript(id)
        except (UnispeechError, ValueError, zlib.error):
            log.exception("transcript not indexed", extra={"job": id})
            return []
        return passages_of(transcript) if transcript else []

    def list(self, job: str) -> Sequence[Revision]:
        """Return the revisions of a job, newest first."""
        with self._database.engine.connect() as c:
            return _listed(c, job)

    def applied(self, job: str, source: str) -> int | None:
        """Return the revision of `job` into which the range job `source` was merged."""
        query = sa.select(sa.func.max(table.c.number)).where(
            table.c.job == job, table.c.source == source, table.c.kind == AGAIN
        )
        with self._database.engine.connect() as c:
            return c.execute(query).scalar()

    def finish(self, job: str, transcript: Transcript, **values: object) -> bool:
        """Store a run's transcript and mark the job as done, in one transaction. Return whether the
        job was running."""
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
        """Store a new revision and return its number.

        Raises:
            Changed: the newest revision is not `expected` (None: any).
            NoTranscript: the job has not been done yet, or was deleted.
        """
        with self._database.engine.begin() as c:
            # This write locks the row until the end of the transaction, on both databases.
            lock = jobs.update().where(jobs.c.id == job).values(id=job)
            current = _newest(c, job) if c.execute(lock).rowcount else 0
            if not current:
                raise NoTranscript("the job has no transcript", "wait until it is done")
            if expected is not None and current != expected:
                raise Changed(current)
            _insert(c, job, current + 1, transcript, kind, author, source)
            removed = surplus(_listed(c, job))
            if removed:
                c.execute(table.delete().where(table.c.job == job, table.c.number.in_(removed)))
            return current + 1


def surplus(revisions: Sequence[Revision]) -> list[int]:
    """Return the numbers of the revisions to remove, from all of a job, newest first.

    The newest ten are kept. Of the older edits, those are removed that were followed by another
    within ten minutes, then the oldest until fifty are left. The first one is always kept.
    """
    kept = list(revisions[:ALWAYS_KEPT])
    removed: list[Revision] = []
    for revision in revisions[ALWAYS_KEPT:]:
        is_brief = revision.kind == EDITED and kept[-1].created - revision.created < MIN_INTERVAL
        (removed if is_brief else kept).append(revision)
    first = revisions[-1]
    if first not in kept:
        removed.remove(first)
        kept.append(first)
    removed += kept[LIMIT - 1 : -1]
    return [revision.number for revision in removed]


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
    if c.execute(sa.select(jobs.c.parent).where(jobs.c.id == job)).scalar() is None:
        text_index.replace_texts(c, job, passages_of(transcript))
