"""Execution of jobs, from the start or from where an earlier process stopped."""

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
from unispeech.server.speech.decoders import DecodeRange
from unispeech.server.speech.speech import Speech, SpeechRequest, public
from unispeech.server.storage.connection import UNAVAILABLE, error_line
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.disk import is_full
from unispeech.text import formats
from unispeech.types import Progress, Segment, Transcript, shifted

log = logging.getLogger("unispeech.server")

T = TypeVar("T")

INTERRUPTIONS = 50
"""Number of deaths of its process after which a job fails."""
RETRY_INTERVAL = 5.0
"""Seconds between two tries while the database is unreachable or the disk is full."""


class HandedBack(BaseException):
    """The process is stopping, and the job resumes in another one or after the restart.

    Not an `Exception`, so that no handler mistakes it for a failure of the job.
    """


class Runner:
    """Runs jobs in this process."""

    def __init__(self, jobs: Jobs, speech: Speech) -> None:
        self.jobs = jobs
        self.database = jobs.database
        self.speech = speech
        self.stopping = threading.Event()
        self._running = 0
        self._changed = threading.Condition()

    def wait(self, timeout: float) -> None:
        """Wait until no job runs in this process, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout)

    def retry(self, id: str, work: Callable[[], T]) -> T:
        """Call `work`, again and again while the database is unreachable or the disk is full, so
        that no accepted job is lost.

        Raises:
            HandedBack: the process is stopping.
        """
        while not self.stopping.is_set():
            try:
                return work()
            except (OSError, *UNAVAILABLE) as error:
                disk_is_full = is_full(error)
                if isinstance(error, OSError) and not disk_is_full:
                    raise
                cause = "the disk is full" if disk_is_full else error_line(error)
                log.warning("the job waits: %s", cause, extra={"job": id})
                self.stopping.wait(RETRY_INTERVAL)
        log.info("job handed back", extra={"job": id})
        raise HandedBack()

    def run(self, id: str, worker: str) -> None:
        """Run a job to its end; chunks that an earlier process recorded are not decoded again.

        Raises:
            HandedBack: the process is stopping; another one has to call this again.
        """
        with self._changed:
            self._running += 1
        try:
            self.retry(id, lambda: self._run(id, worker))
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _run(self, id: str, worker: str) -> None:
        job = self.database.job(id)
        if job is None or job.state.final:
            return
        is_resumed = job.state is State.RUNNING
        was_interrupted = is_resumed and job.worker != worker  # else this is our own retry
        started = self.database.change(
            id,
            only_in=[State.QUEUED, State.RUNNING],
            state=State.RUNNING, worker=worker, started=job.started or time.time(),
            interruptions=job.interruptions + was_interrupted,
        )  # fmt: skip
        if not started:
            return
        self.database.add_event(id, "state", {"state": State.RUNNING})
        log.info("job started", extra={"job": id, "resumed": is_resumed, "worker": worker})
        try:
            if job.cancel:
                raise Cancelled()
            if job.interruptions >= INTERRUPTIONS:
                raise UnispeechError(
                    f"the process running it died {INTERRUPTIONS} times",
                    "try another model or backend",
                )
            self._finish(job, self._transcribe(job))
        except UNAVAILABLE:
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
                self.jobs.files(id).sound(job.run).unlink(missing_ok=True)  # make room
                raise
            log.exception("job failed", extra={"job": id})
            self._end(job, State.FAILED, error=f"internal error ({type(error).__name__})")

    def _transcribe(self, job: Job) -> Transcript:
        files = self.jobs.files(job.id)
        request = SpeechRequest(job.backend, job.model, _options(job))
        limit = job.max_duration or self.speech.settings.max_duration
        upload = files.upload if job.parent is None else self.jobs.files(job.parent).upload
        start = job.range_start or 0.0
        range = DecodeRange(start, job.range_end, limit, request.sound)
        decoded = self.speech.decoders.decode(upload, files.sound(job.run), job.filename, range)
        self.database.change(job.id, duration=decoded.duration)
        published = sum(event.kind == "segment" for event in self.database.events(job.id))
        count = 0

        def on_segment(segment: Segment) -> None:
            nonlocal count
            count += 1
            if count > published:  # a resumed run repeats the first segments
                self.database.add_event(
                    job.id, "segment", formats.segment_dict(shifted(segment, range.start))
                )

        def on_progress(progress: Progress) -> None:
            if progress.stage == "transcribe":
                self.database.change(job.id, done=progress.done)

        def cancelled() -> bool:
            current = self.database.job(job.id)
            return self.stopping.is_set() or current is None or current.cancel

        journal = JobJournal(self.database, job.id, job.run)
        call = Call(on_segment, on_progress, cancelled, journal)
        return self.speech.transcribe(request, decoded, call).shifted(range.start)

    def _finish(self, job: Job, transcript: Transcript) -> None:
        if job.parent is not None:
            self.jobs.merge(job, transcript)
        else:
            with suppress(OSError):  # the API measures it when it is missing
                files = self.jobs.files(job.id)
                waveform.save_peaks(files.sound(job.run), files.waveform)
        now = time.time()
        duration = transcript.duration
        if self.jobs.revisions.finish(
            job.id, transcript, ended=now, done=duration, duration=duration
        ):
            self.database.add_event(job.id, "state", {"state": State.DONE})
        self._clean_up(job, State.DONE, now)

    def _end(self, job: Job, state: State, error: str | None = None) -> None:
        now = time.time()
        message = "".join(c for c in error if c.isprintable()) if error else None
        if self.database.change(
            job.id, only_in=[State.RUNNING], state=state, ended=now, error=message
        ):
            self.database.add_event(job.id, "state", {"state": state})
        self._clean_up(job, state, now)

    def _clean_up(self, job: Job, state: State, now: float) -> None:
        self.database.remove_results(job.id, job.run)
        self.jobs.files(job.id).sound(job.run).unlink(missing_ok=True)
        metrics.JOBS.labels(state).inc()
        metrics.JOB_SECONDS.observe(max(0.0, now - job.created))
        log.info("job ended", extra={"job": job.id, "state": str(state)})


def _options(job: Job) -> dict[str, Any]:
    """Return the transcription options for the engine, with tuples for JSON's lists."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in job.options.items()}
