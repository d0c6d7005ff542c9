"""Execution of jobs, from the start or from where an earlier process stopped."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from unispeech.call import Call, Journal, Spread
from unispeech.errors import WORKER_DIED, Cancelled, UnispeechError
from unispeech.server.jobs.journal import JobJournal
from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.jobs.publication import Publication
from unispeech.server.jobs.shared_journal import SharedJournal
from unispeech.server.observe import metrics
from unispeech.server.service_errors import StoreUnavailable
from unispeech.server.speech.decoders import Decoded, DecodeRange, DecoderDied
from unispeech.server.speech.speech import Speech, SpeechRequest, public
from unispeech.server.storage.connection import UNAVAILABLE
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.disk import is_full
from unispeech.server.storage.machine_faults import OUT_OF_MEMORY, is_patient, machine_fault
from unispeech.types import Progress, Transcript, shifted

log = logging.getLogger("unispeech.server")

T = TypeVar("T")

INTERRUPTIONS = 50
"""Number of deaths of its process after which a job fails."""
RETRY_INTERVAL = 5.0
"""Seconds between two tries while the machine is at fault."""
FAULTS = 360
"""Faults of the machine that a job outlasts: half an hour. It waits for the database and for space
on the disk without a limit."""
DEATHS = 5
"""Deaths of decoders and workers, without a new result between them, after which the recording is
to blame. The wait between two tries doubles from 1 s to `RETRY_INTERVAL`."""


class HandedBack(BaseException):
    """The process is stopping, and the job resumes in another one or after the restart.

    Not an `Exception`, so that no handler mistakes it for a failure of the job.
    """


class MachineFault(UnispeechError):
    """The machine, not the recording, made the job fail."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"the server could not run it: {cause}", "try again later")


class Runner:
    """Runs jobs in this process."""

    def __init__(self, jobs: Jobs, speech: Speech, retry_interval: float = RETRY_INTERVAL) -> None:
        self.retry_interval = retry_interval
        self.jobs = jobs
        self.database = jobs.database
        self.speech = speech
        self.stopping = threading.Event()
        self.announce: Callable[[], None] = lambda: None
        """Called when other workers may find chunks to decode."""
        self._running = 0
        self._assists = False
        self._changed = threading.Condition()

    def is_busy(self) -> bool:
        """Return whether a job runs in this process."""
        return self._running > 0

    def wait(self, timeout: float) -> None:
        """Wait until no job runs in this process, at most `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running and not self._assists, timeout)

    def is_needed(self) -> bool:
        """Return whether this process has something better to do than to assist other workers."""
        return self._running > 0 or self.stopping.is_set()

    def assist(self, work: Callable[[], None]) -> None:
        """Call `work` unless a job runs. It must end soon when `is_needed`."""
        with self._changed:
            if self.is_needed():
                return
            self._assists = True
        try:
            work()
        finally:
            with self._changed:
                self._assists = False
                self._changed.notify_all()

    def retry(self, id: str, work: Callable[[], T]) -> T:
        """Call `work`, again and again while the machine is at fault, so that no accepted job is
        lost.

        Raises:
            HandedBack: the process is stopping.
            MachineFault: the machine has been at fault too often.
        """
        faults = 0
        while not self.stopping.is_set():
            try:
                return work()
            except Exception as error:
                cause = machine_fault(error)
                if cause is None:
                    raise
                faults += not is_patient(error)
                if faults > FAULTS:
                    raise MachineFault(cause) from error
                log.warning("the job waits: %s", cause, extra={"job": id})
                self.stopping.wait(self.retry_interval)
        log.info("job handed back", extra={"job": id})
        raise HandedBack()

    def warn(self, id: str, warning: str) -> None:
        """Add a warning to a job, which does not change its state."""
        if self.database.job(id) is not None:
            self.database.add_event(id, "warning", {"message": warning})

    def run(self, id: str, worker: str) -> None:
        """Run a job to its end; chunks that an earlier process recorded are not decoded again.

        Raises:
            HandedBack: the process is stopping; another one has to call this again.
        """
        with self._changed:
            self._running += 1
        try:
            try:
                self.retry(id, lambda: self._run(id, worker))
            except MachineFault as fault:
                message = public(fault)
                self.retry(id, lambda: self._fail(id, message))
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
            with self.jobs.recording(job):  # once for all tries
                transcript = self._transcribe_alive(replace(job, worker=worker))
            self._finish(job, transcript)
        except Exception as error:
            self._conclude(job, error)

    def _conclude(self, job: Job, error: Exception) -> None:
        """End a job that raised, or raise if it has to run again. While the process is stopping, a
        killed decoder or a closed engine tells nothing about the recording."""
        if self.stopping.is_set():
            log.info("job handed back", extra={"job": job.id})
            raise HandedBack() from None
        current = self.database.job(job.id)
        if current and (current.state.final or current.run != job.run):
            log.warning("another worker has ended the job", extra={"job": job.id})
            return
        if isinstance(error, Cancelled):
            self._end(job, State.CANCELLED)
        elif fault := machine_fault(error):
            if is_full(error):
                self.jobs.files(job.id).sound(job.run).unlink(missing_ok=True)  # make room
            elif fault == OUT_OF_MEMORY:  # libraries may have returned wrong text (decision 0075)
                self.database.remove_results(job.id, job.run)
            raise error
        elif isinstance(error, UnispeechError):
            self._end(job, State.FAILED, error=public(error))
        else:
            log.error("job failed", extra={"job": job.id}, exc_info=error)
            self._end(job, State.FAILED, error=f"internal error ({type(error).__name__})")

    def _transcribe_alive(self, job: Job) -> Transcript:
        """Transcribe, again if a process dies on it: the system kills processes when memory runs
        out, and others send signals to whole groups."""
        deaths, recorded = 0, 0
        while True:
            try:
                return self._transcribe(job)
            except UnispeechError as error:
                if not _is_death(error):
                    raise
                before, recorded = recorded, self.database.count_results(job.id, job.run)
                deaths = 1 if recorded > before else deaths + 1
                if deaths == DEATHS:
                    raise
                log.warning("a process of the job died", extra={"job": job.id, "deaths": deaths})
                if self.stopping.wait(min(2.0 ** (deaths - 1), self.retry_interval)):
                    raise

    def _transcribe(self, job: Job) -> Transcript:
        start = job.range_start or 0.0
        decoded = self._decoded(job, self.jobs.files(job.id).sound(job.run))
        self.database.change(job.id, duration=decoded.duration)

        def on_progress(progress: Progress) -> None:
            if progress.stage == "transcribe":
                publication.progress(progress.done)

        def cancelled() -> bool:
            current = self.database.job(job.id)
            if self.stopping.is_set() or current is None or current.cancel:
                return True
            return (current.state, current.run) != (State.RUNNING, job.run)

        with (
            self._journal(job, decoded) as (journal, spread),
            Publication(self.database, job) as publication,
        ):
            call = Call(
                lambda segment: publication.segment(shifted(segment, start)),
                on_progress, cancelled, journal, spread,
            )  # fmt: skip
            return self.speech.transcribe(self.request(job), decoded, call).shifted(start)

    def request(self, job: Job) -> SpeechRequest:
        """Return the request of a job, with tuples for JSON's lists."""
        options = {name: tuple(v) if isinstance(v, list) else v for name, v in job.options.items()}
        return SpeechRequest(job.backend, job.model, options)

    @contextmanager
    def sound(self, job: Job) -> Iterator[Path]:
        """Yield the decoded recording of a job that another worker runs."""
        sound = self.jobs.files(job.id).sound(job.run)
        if sound.is_file():  # in a shared data folder
            yield sound
            return
        with tempfile.TemporaryDirectory(dir=self.jobs.folder) as folder:
            yield self._decoded(job, Path(folder) / "sound.wav").path

    def _decoded(self, job: Job, target: Path) -> Decoded:
        limit = job.max_duration or self.speech.settings.max_duration
        range = DecodeRange(job.range_start or 0.0, job.range_end, limit, self.request(job).sound)
        with self.jobs.recording(job) as recording:
            return self.speech.decoders.decode(recording, target, job.filename, range)

    @contextmanager
    def _journal(self, job: Job, decoded: Decoded) -> Iterator[tuple[Journal, Spread | None]]:
        """The journal of a job, which other workers share if the recording is long."""
        shortest = 60 * self.speech.settings.spread_minutes
        if (
            not 0 < shortest <= decoded.duration
            or self.database.engine.dialect.name != "postgresql"
            or not self.request(job).can_be_spread
        ):
            yield JobJournal(self.database, job.id, job.run), None
            return
        shared = SharedJournal(
            self.database, job.id, job.run, worker=job.worker or "", sound=decoded.path,
            is_owner=True, announce=self.announce,
        )  # fmt: skip
        try:
            yield shared, shared
        finally:
            with suppress(*UNAVAILABLE):
                shared.release()

    def _finish(self, job: Job, transcript: Transcript) -> None:
        if job.parent is not None:
            self.jobs.merge(job, transcript)
        else:
            with suppress(OSError, StoreUnavailable):  # the API measures it when it is missing
                self.jobs.save_waveform(job)
        now = time.time()
        duration = transcript.duration
        if self.jobs.revisions.finish(
            job.id, transcript, ended=now, done=duration, duration=duration
        ):
            for warning in transcript.warnings:
                self.database.add_event(job.id, "warning", {"message": warning})
            self.database.add_event(job.id, "state", {"state": State.DONE})
        self._clean_up(job, State.DONE, now)

    def _fail(self, id: str, message: str) -> None:
        job = self.database.job(id)
        if job is not None and not job.state.final:
            self._end(job, State.FAILED, error=message)

    def _end(self, job: Job, state: State, error: str | None = None) -> None:
        now = time.time()
        message = "".join(c for c in error if c.isprintable()) if error else None
        self.jobs.end(job, state, error=message)
        self._clean_up(job, state, now)

    def _clean_up(self, job: Job, state: State, now: float) -> None:
        self.jobs.clean_up(job)
        self.database.remove_results(job.id, job.run)  # last: a sweep finds what a kill leaves
        metrics.JOBS.labels(state).inc()
        metrics.JOB_SECONDS.observe(max(0.0, now - job.created))
        log.info("job ended", extra={"job": job.id, "state": str(state)})


def _is_death(error: UnispeechError) -> bool:
    return isinstance(error, DecoderDied) or error.code == WORKER_DIED
