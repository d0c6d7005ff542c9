"""Assistance of an idle worker: it decodes chunks of other workers' long jobs (decision 0119)."""

from __future__ import annotations

import logging
import threading
import time

from unispeech.call import Call
from unispeech.errors import Cancelled
from unispeech.server.jobs.runner import Runner
from unispeech.server.jobs.shared_journal import SharedJournal
from unispeech.server.storage import parts
from unispeech.server.storage.connection import UNAVAILABLE, error_line
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.machine_faults import OUT_OF_MEMORY, machine_fault

log = logging.getLogger("unispeech.server")

SEARCH_INTERVAL = 5.0
"""Seconds between two searches for open chunks, unless other workers announce some."""
REST = 60.0
"""Seconds for which this worker does not assist a job again after an error."""


class Assistance:
    """Thread that assists while this process runs no job and no job waits for a worker."""

    def __init__(self, runner: Runner, worker: str) -> None:
        self._runner = runner
        self._database = runner.database
        self._worker = worker
        self._resting: dict[str, float] = {}
        self._assisted: SharedJournal | None = None
        """Journal in which this worker may have taken chunks: the database may be away at the end
        of an assistance, and the worker of the job would wait for them."""
        self._stopped = False
        self._announced = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unispeech-assist", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def announce(self) -> None:
        """Search now."""
        self._announced.set()

    def stop(self) -> None:
        """Stop after the batch in flight, if that is soon. The runner must be stopping."""
        self._stopped = True
        self._announced.set()
        self._thread.join(timeout=20)

    def _run(self) -> None:
        while not self._stopped:
            self._announced.wait(SEARCH_INTERVAL)
            self._announced.clear()
            try:
                self._release()
                self._runner.assist(self._assist)
            except UNAVAILABLE as error:
                log.warning("no open chunks searched for: %s", error_line(error))
            except Exception:
                log.exception("no open chunks searched for")

    def _assist(self) -> None:
        """Assist one job after another until no chunk is open, or a job arrives."""
        while not self._runner.is_needed() and not self._database.count(State.QUEUED):
            self._release()
            now = time.monotonic()
            self._resting = {job: end for job, end in self._resting.items() if end > now}
            id = parts.longest(self._database, self._worker, self._resting)
            job = self._database.job(id) if id else None
            if job is None:
                return
            try:
                self._decode(job)
            except Cancelled:
                continue
            except Exception as error:
                if self._has_ended(job):
                    continue  # its sound is gone
                # The worker of the job meets the same error, and knows what it means.
                self._resting[job.id] = time.monotonic() + REST
                log.warning("stopped assisting: %s", type(error).__name__, extra={"job": job.id})

    def _decode(self, job: Job) -> None:
        def cancelled() -> bool:
            return self._runner.is_needed() or self._has_ended(job)

        log.info("assisting", extra={"job": job.id, "worker": self._worker})
        with self._runner.sound(job) as sound:
            self._assisted = journal = SharedJournal(
                self._database, job.id, job.run, worker=self._worker, sound=sound
            )
            try:
                call = Call(cancelled=cancelled, journal=journal, spread=journal)
                self._runner.speech.assist(self._runner.request(job), call)
            except Exception as error:
                if machine_fault(error) == OUT_OF_MEMORY:  # texts may be wrong (decision 0075)
                    journal.discard()
                raise
            finally:
                self._release()

    def _release(self) -> None:
        if self._assisted:
            self._assisted.release()
            self._assisted = None

    def _has_ended(self, job: Job) -> bool:
        current = self._database.job(job.id)
        if current is None or current.cancel:
            return True
        return (current.state, current.run) != (State.RUNNING, job.run)
