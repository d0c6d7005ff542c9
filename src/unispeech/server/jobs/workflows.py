"""Durable execution of jobs and notices, by DBOS Transact on SQLite or Postgres.

A job is a DBOS workflow on a queue. DBOS brings a workflow that was running when its process died
back to the queue, but only knows that of its own process id; who is alive is told by `heartbeat`.
What a workflow has decoded is in the chunk table (`journal.JobJournal`), so running it again
repeats at most the batch in flight.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from unispeech.errors import UnispeechError
from unispeech.server.jobs.heartbeat import Heartbeat
from unispeech.server.jobs.notices import Notices
from unispeech.server.jobs.runner import INTERRUPTIONS, Runner
from unispeech.server.storage.connection import AWAY, connected, normal, reason, used
from unispeech.server.storage.database import Job, State

log = logging.getLogger("unispeech.server")

TRANSCRIBE, NOTIFY = "unispeech_transcribe", "unispeech_notify"
LOOK = 5.0
"""Seconds between two looks for what nobody does."""
SWEEP = 600.0
"""Seconds between two removals of what is past its retention."""
ATTEMPTS = 12
"""Times that a webhook or an e-mail is tried, the wait doubling from a second to 17 minutes."""
POLL = 0.25
"""Seconds between two looks at a queue."""
VERSION = "unispeech-1"
"""Changes when a workflow's steps do: workflows go on only under the version they began with."""


@dataclass(slots=True)
class _Work:
    """What the workflows work with. DBOS is one to a process, and so is this."""

    runner: Runner
    notices: Notices
    worker: str


_work: _Work | None = None


def _current() -> _Work:
    assert _work is not None, "no worker is running"
    return _work


@DBOS.workflow(name="unispeech.transcribe", max_recovery_attempts=2 * INTERRUPTIONS)
def _transcribe(id: str, run: int) -> None:
    work = _current()
    runner = work.runner
    job = runner.insist(id, lambda: runner.database.job(id))
    if job is None or job.run != run:
        return  # deleted, or asked for again since
    runner.run(id, work.worker)
    for kind in runner.insist(id, lambda: work.notices.wanted(id)):
        _tell(id, run, kind, attempt=1)


@DBOS.workflow(name="unispeech.notify", max_recovery_attempts=1000)
def _notify(id: str, run: int, kind: str, attempt: int) -> None:
    """Tell once; where that fails, queue another attempt for later. Nothing sleeps meanwhile."""
    work = _current()
    try:
        work.runner.insist(id, lambda: work.notices.send(id, kind))
    except UnispeechError:
        if attempt < ATTEMPTS:
            _tell(id, run, kind, attempt + 1, delay=float(2 ** (attempt - 1)))


def _tell(id: str, run: int, kind: str, attempt: int, delay: float | None = None) -> None:
    options = SetEnqueueOptions(delay_seconds=delay)
    with SetWorkflowID(f"{id}.{run}.{kind}.{attempt}"), options:
        DBOS.enqueue_workflow(NOTIFY, _notify, id, run, kind, attempt)


class Worker:
    """This process's part in the queue: it runs jobs, or only puts them there (`at_once` 0)."""

    def __init__(
        self,
        runner: Runner,
        notices: Notices,
        url: str,
        at_once: int,
        retention_days: float,
    ) -> None:
        self.database = runner.database
        self.jobs = runner.jobs
        self.runner = runner
        self.heartbeat = Heartbeat(self.database)
        self.id = self.heartbeat.id
        self._notices = notices
        self._url = normal(url)
        engine = connected(self._url)
        with used(engine) as connection:  # here, where it is an error in one line
            sa.inspect(connection).get_table_names()
        engine.dispose()
        self._at_once = at_once
        self._retention_days = retention_days
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="unispeech-watch", daemon=True)

    def start(self) -> None:
        global _work
        _work = _Work(self.runner, self._notices, self.id)
        self.runner.stopping.clear()
        self.heartbeat.start()
        config: DBOSConfig = {
            "name": "unispeech",
            "system_database_url": self._url,
            "executor_id": self.id,
            "application_version": VERSION,
            "log_level": "ERROR",
        }
        DBOS(config=config)
        logger = logging.getLogger("dbos")
        logger.handlers.clear()  # what it says goes where all else goes
        logger.propagate = True
        if not self._at_once:
            DBOS.listen_queues([])
        DBOS.launch()
        DBOS.register_queue(
            TRANSCRIBE,
            worker_concurrency=self._at_once or None,
            polling_interval_sec=POLL,
            on_conflict="always_update" if self._at_once else "never_update",
        )
        DBOS.register_queue(NOTIFY, worker_concurrency=16, polling_interval_sec=POLL)
        self._thread.start()

    def enqueue(self, job: Job) -> None:
        """Hand an accepted job to the queue. Twice is as good as once."""
        priority = min(max(job.priority, 0), 1_000_000) + 1
        with SetWorkflowID(f"{job.id}.{job.run}"), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(TRANSCRIBE, _transcribe, job.id, job.run)

    def stop(self) -> None:
        """Hand running jobs back after the batch in flight, and leave."""
        self.runner.stopping.set()
        self._stop.set()
        self._thread.join(timeout=30)
        self.runner.wait(60.0)
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self.heartbeat.stop()

    def _watch(self) -> None:
        """Take over from the dead; enqueue what was accepted but not enqueued; sweep."""
        swept = float("-inf")
        while True:
            try:
                self._take_over()
                if time.monotonic() - swept > SWEEP:
                    swept = time.monotonic()
                    self.jobs.sweep(self._retention_days)
            except AWAY as error:
                log.warning("nothing is taken over: %s", reason(error))
            except Exception:
                log.exception("nothing is taken over")
            if self._stop.wait(LOOK):
                return

    def _take_over(self) -> None:
        live, gone = self.heartbeat.look()
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        orphaned = {w.executor_id for w in pending if w.executor_id} - live
        if orphaned:
            log.warning("taking over from workers that are gone", extra={"workers": len(orphaned)})
            # Not public, but what DBOS's own admin server calls; the public `resume_workflow`
            # would also take a workflow back from a live worker that was quicker.
            DBOS._recover_pending_workflows(sorted(orphaned))
        if gone:
            self.heartbeat.bury(gone)
        for job in self.database.list(None, State.QUEUED, 1000):
            self.enqueue(job)
