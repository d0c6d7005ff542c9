"""Segments and progress of a running job, written to the database for those who follow it."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.tables import events, jobs
from unispeech.text import formats
from unispeech.types import Segment

DELAY = 0.25
"""Seconds that a segment waits at most for others, which are written in the same transaction."""


class Publication:
    """Context manager that publishes the segments of one run of a job, each once.

    A run that resumes repeats the segments of the process before it, and those that this process
    had written are skipped. Nothing is written once another worker runs the job, or it has ended.
    If a transaction fails, the next call raises its error, and the run has to resume.
    """

    def __init__(self, database: Database, job: Job) -> None:
        self._engine = database.engine
        self._job = job
        self._published = len(database.events(job.id, kind="segment"))
        self._count = 0
        self._waiting: list[dict[str, Any]] = []
        self._done = self._written = job.done
        self._error: Exception | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unispeech-publish", daemon=True)

    def segment(self, segment: Segment) -> None:
        """Publish the next segment."""
        self._check()
        self._count += 1
        if self._count > self._published:
            self._waiting.append(formats.segment_dict(segment))

    def progress(self, done: float) -> None:
        """Publish the seconds of sound that are done."""
        self._check()
        self._done = done

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()
        if error is None:
            self._check()
            self._flush()
        elif self._error is None:
            with suppress(Exception):  # the first error says more
                self._flush()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while not self._closing.wait(DELAY):
            try:
                self._flush()
            except Exception as error:
                self._error = error
                return

    def _flush(self) -> None:
        """Write all that waits, in one transaction."""
        segments, done = self._waiting[:], self._done
        if segments or done != self._written:
            self._write(segments, done)
        del self._waiting[: len(segments)]
        self._written = done

    def _write(self, segments: list[dict[str, Any]], done: float) -> None:
        job = self._job
        own = (jobs.c.id == job.id, jobs.c.run == job.run, jobs.c.worker == job.worker)
        rows = [{"job": job.id, "kind": "segment", "body": json.dumps(s)} for s in segments]
        with self._engine.begin() as c:
            update = jobs.update().where(*own, jobs.c.state == State.RUNNING)
            if c.execute(update.values(done=done)).rowcount and rows:
                c.execute(events.insert(), rows)
