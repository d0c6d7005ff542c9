"""Runs a job from wherever it stopped to its end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from unispeech.call import Call
from unispeech.errors import Cancelled, UnispeechError
from unispeech.server.jobs import waveform
from unispeech.server.jobs.journal import JobJournal
from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.observe import metrics
from unispeech.server.speech.decoders import Cut
from unispeech.server.speech.speech import Ask, Speech, public
from unispeech.server.storage.connection import AWAY, reason
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.disk import is_full
from unispeech.text import formats
from unispeech.types import Progress, Segment, Transcript, shifted

log = logging.getLogger("unispeech.server")

T = TypeVar("T")

INTERRUPTIONS = 50
"""A recording that takes its process down this often is given up."""
PAUSE = 5.0
"""Seconds between two tries while the database is away, or the disk is full."""


class HandedBack(BaseException):
    """This process is stopping: the job goes on elsewhere, or after the restart.

    Not an `Exception`, so that nothing takes it for a failure of the job.
    """


class Runner:
    """The jobs that run in this process."""

    def __init__(self, jobs: Jobs, speech: Speech) -> None:
        self.jobs = jobs
        self.database = jobs.database
        self.speech = speech
        self.stopping = threading.Event()
        self._running = 0
        self._changed = threading.Condition()

    def wait(self, timeout: float) -> None:
        """Until no job runs in this process, or so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout)

    def insist(self, id: str, work: Callable[[], T]) -> T:
        """Do it, and again for as long as the database is away or the disk full: what was accepted
        is not to be lost by that.

        Raises:
            HandedBack: the process is stopping.
        """
        while not self.stopping.is_set():
            try:
                return work()
            except (OSError, *AWAY) as error:
                full = is_full(error)
                if isinstance(error, OSError) and not full:
                    raise
                why = "the disk is full" if full else reason(error)
                log.warning("the job waits: %s", why, extra={"job": id})
                self.stopping.wait(PAUSE)
        log.info("job handed back", extra={"job": id})
        raise HandedBack()

    def run(self, id: str, worker: str) -> None:
        """Do a job from wherever it stopped to its end. Called again after an interruption.

        Raises:
            HandedBack: the process is stopping; nothing is lost, call again elsewhere.
        """
        with self._changed:
            self._running += 1
        try:
            self.insist(id, lambda: self._run(id, worker))
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _run(self, id: str, worker: str) -> None:
        job = self.database.job(id)
        if job is None or job.state.final:
            return
        again = job.state is State.RUNNING
        interrupted = again and job.worker != worker  # else it is we who try again
        started = self.database.change(
            id,
            only_in=[State.QUEUED, State.RUNNING],
            state=State.RUNNING, worker=worker, started=job.started or time.time(),
            interruptions=job.interruptions + interrupted,
        )  # fmt: skip
        if not started:
            return
        self.database.tell(id, "state", {"state": State.RUNNING})
        log.info("job started", extra={"job": id, "resumed": again, "worker": worker})
        try:
            if job.cancel:
                raise Cancelled()
            if job.interruptions >= INTERRUPTIONS:
                raise UnispeechError("it was interrupted too often", "try another model or backend")
            self._finish(job, self._transcribe(job))
        except AWAY:
            raise
        except Cancelled:
            if self.stopping.is_set():
                log.info("job handed back", extra={"job": id})
                raise HandedBack() from None
            self._end(job, State.CANCELLED)
        except UnispeechError as error:
            self._end(job, State.FAILED, error=public(error))
        except Exception as error:
            if is_full(error):
                self.jobs.place(id).sound(job.run).unlink(missing_ok=True)  # somebody else's room
                raise
            log.exception("job failed", extra={"job": id})
            self._end(job, State.FAILED, error=f"internal error ({type(error).__name__})")

    def _transcribe(self, job: Job) -> Transcript:
        place = self.jobs.place(job.id)
        ask = Ask(job.backend, job.model, _options(job))
        limit = job.max_duration or self.speech.settings.max_duration
        upload = place.upload if job.parent is None else self.jobs.place(job.parent).upload
        cut = Cut(job.range_start or 0.0, job.range_end, limit)
        decoded = self.speech.decoders.decode(upload, place.sound(job.run), job.filename, cut)
        self.database.change(job.id, duration=decoded.duration)
        told = sum(event.kind == "segment" for event in self.database.told(job.id))
        heard = 0

        def on_segment(segment: Segment) -> None:
            nonlocal heard
            heard += 1
            if heard > told:  # after an interruption the first ones are heard again
                self.database.tell(
                    job.id, "segment", formats.segment_dict(shifted(segment, cut.start))
                )

        def on_progress(progress: Progress) -> None:
            if progress.stage == "transcribe":
                self.database.change(job.id, done=progress.done)

        def cancelled() -> bool:
            now = self.database.job(job.id)
            return self.stopping.is_set() or now is None or now.cancel

        journal = JobJournal(self.database, job.id, job.run)
        call = Call(on_segment, on_progress, cancelled, journal)
        return self.speech.transcribe(ask, decoded, call).shifted(cut.start)

    def _finish(self, job: Job, transcript: Transcript) -> None:
        if job.parent is not None:
            self.jobs.merge(job, transcript)
        else:
            with suppress(OSError):  # it can be made again
                place = self.jobs.place(job.id)
                waveform.keep(place.sound(job.run), place.waveform)
        now = time.time()
        duration = transcript.duration
        if self.jobs.revisions.finish(
            job.id, transcript, ended=now, done=duration, duration=duration
        ):
            self.database.tell(job.id, "state", {"state": State.DONE})
        self._ended(job, State.DONE, now)

    def _end(self, job: Job, state: State, error: str | None = None) -> None:
        now = time.time()
        said = "".join(c for c in error if c.isprintable()) if error else None
        if self.database.change(
            job.id, only_in=[State.RUNNING], state=state, ended=now, error=said
        ):
            self.database.tell(job.id, "state", {"state": state})
        self._ended(job, state, now)

    def _ended(self, job: Job, state: State, now: float) -> None:
        self.database.forget(job.id, job.run)
        self.jobs.place(job.id).sound(job.run).unlink(missing_ok=True)
        metrics.JOBS.labels(state).inc()
        metrics.JOB_SECONDS.observe(max(0.0, now - job.created))
        log.info("job ended", extra={"job": job.id, "state": str(state)})


def _options(job: Job) -> dict[str, Any]:
    """The options of transcribing as the engine takes them; JSON has no tuples."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in job.options.items()}
