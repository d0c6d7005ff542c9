"""Durable execution of jobs and notices, by DBOS Transact on SQLite or Postgres.

A job is a DBOS workflow on a queue. DBOS recovers the workflows of a dead process only under the
executor ID of that process, so `heartbeat` detects which ones have died. Decoded chunks are in the
chunk table (`journal.JobJournal`): a recovered workflow repeats at most the batch in flight.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID

from unispeech.errors import UnispeechError
from unispeech.server.jobs.assistance import Assistance
from unispeech.server.jobs.heartbeat import Heartbeat
from unispeech.server.jobs.notices import Notices
from unispeech.server.jobs.queue_polling import IDLE_INTERVAL, QueuePolling
from unispeech.server.jobs.retention import Retention
from unispeech.server.jobs.runner import INTERRUPTIONS, Runner
from unispeech.server.speech.speech import public
from unispeech.server.storage.connection import (
    UNAVAILABLE,
    check_sqlite,
    create_engine,
    error_line,
    first_transaction,
    is_pooled,
    renew_unwritable,
    with_driver,
)
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.parts import release_lost
from unispeech.server.storage.vacuum import vacuum

log = logging.getLogger("unispeech.server")

TRANSCRIBE, NOTIFY = "unispeech_transcribe", "unispeech_notify"
ASSIST = "unispeech_assist"
"""Name of what is announced when chunks of a job are open; not a queue."""
WATCH_INTERVAL = 5.0
"""Seconds between two searches for orphaned jobs."""
SEARCH_INTERVAL = 30.0
"""Seconds between two searches for jobs without a workflow."""
INDEXED_AT_ONCE = 200
"""Recordings of earlier versions that are indexed between two searches: some seconds of work."""
TIDY_INTERVAL = 600.0
"""Seconds between two removals of the workflows of ended jobs."""
ATTEMPTS = 12
"""Attempts to send a webhook or e-mail; the wait doubles from 1 s to 17 minutes."""
ACTIVE = frozenset({"PENDING", "ENQUEUED", "DELAYED"})
"""DBOS's states of workflows that are still to run."""
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
"""DBOS's states of workflows that have ended."""
PAGE = 1000
"""Workflows removed in one transaction."""
VERSION = "unispeech-1"
"""Change it when a workflow's steps change: workflows resume only under their own version."""


@dataclass(slots=True)
class _Work:
    """Objects that the workflows use. DBOS is a singleton in its process, and so is this."""

    runner: Runner
    notices: Notices
    polling: QueuePolling
    worker: str


_work: _Work | None = None


def _current() -> _Work:
    assert _work is not None, "no worker is running"
    return _work


@DBOS.workflow(name="unispeech.transcribe", max_recovery_attempts=2 * INTERRUPTIONS)
def _transcribe(id: str, run: int) -> None:
    work = _current()
    runner = work.runner
    job = runner.retry(id, lambda: runner.database.job(id))
    if job is None or job.run != run:
        return  # deleted or retried meanwhile
    runner.run(id, work.worker)
    for kind in runner.retry(id, lambda: work.notices.channels(id)):
        _enqueue_notice(id, run, kind, attempt=1)


@DBOS.workflow(name="unispeech.notify", max_recovery_attempts=1000)
def _notify(id: str, run: int, kind: str, attempt: int) -> None:
    """Try once; on failure enqueue the next attempt with a delay, so that no thread sleeps."""
    work = _current()
    try:
        work.runner.retry(id, lambda: work.notices.send(id, kind, attempt >= ATTEMPTS))
    except UnispeechError as error:
        if attempt < ATTEMPTS:
            _enqueue_notice(id, run, kind, attempt + 1, delay=float(2 ** (attempt - 1)))
        else:
            warning = public(error)
            work.runner.retry(id, lambda: work.runner.warn(id, warning))


def _enqueue_notice(id: str, run: int, kind: str, attempt: int, delay: float | None = None) -> None:
    options = SetEnqueueOptions(delay_seconds=delay)
    with SetWorkflowID(f"{id}.{run}.{kind}.{attempt}"), options:
        DBOS.enqueue_workflow(NOTIFY, _notify, id, run, kind, attempt)
    _current().polling.announce(NOTIFY, delay or 0.0)


class Worker:
    """Queue worker of this process; with `at_once=0` it enqueues jobs and runs none."""

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
        self._url = with_driver(url)
        engine = create_engine(self._url)
        if engine.dialect.name == "sqlite":
            check_sqlite()
        with first_transaction(engine) as connection:  # DBOS would raise a traceback
            sa.inspect(connection).get_table_names()
        if is_pooled(engine):
            log.warning(
                "the queue's connection leads through a pooler, which passes no notifications on: "
                "set UNISPEECH_QUEUE_DATABASE_URL to the direct URL of the database"
            )
        engine.dispose()
        self._polling = QueuePolling(self._url)
        self._assistance: Assistance | None = None
        if at_once and self.database.engine.dialect.name == "postgresql":
            self._assistance = Assistance(runner, self.id)
            self._polling.on_change = self._assistance.announce
        runner.announce = lambda: self._polling.announce(ASSIST)
        self._at_once = at_once
        self._retention_days = retention_days
        self._retention = Retention(self._sweep)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="unispeech-watch", daemon=True)

    def start(self) -> None:
        global _work
        _work = _Work(self.runner, self._notices, self._polling, self.id)
        self.runner.stopping.clear()
        self.heartbeat.start()
        config: DBOSConfig = {
            "name": "unispeech",
            "system_database_url": self._url,
            "executor_id": self.id,
            "application_version": VERSION,
            "log_level": "ERROR",
        }
        dbos = DBOS(config=config)
        logger = logging.getLogger("dbos")
        logger.handlers.clear()  # log through the root logger
        logger.propagate = True
        DBOS.listen_queues([])  # `QueuePolling` does
        DBOS.launch()
        renew_unwritable(dbos._sys_db.engine)
        DBOS.register_queue(
            TRANSCRIBE,
            worker_concurrency=self._at_once or None,
            polling_interval_sec=IDLE_INTERVAL,
            on_conflict="always_update" if self._at_once else "never_update",
        )
        DBOS.register_queue(
            NOTIFY,
            worker_concurrency=16,
            polling_interval_sec=IDLE_INTERVAL,
            on_conflict="always_update",
        )
        queues = {TRANSCRIBE: self.runner.is_busy, NOTIFY: lambda: False}
        self._polling.start(dbos, queues if self._at_once else {})
        self._thread.start()
        self._retention.start()
        if self._assistance:
            self._assistance.start()

    def enqueue(self, job: Job) -> None:
        """Enqueue an accepted job. Idempotent."""
        priority = min(max(job.priority, 0), 1_000_000) + 1
        with SetWorkflowID(_workflow(job)), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(TRANSCRIBE, _transcribe, job.id, job.run)
        self._polling.announce(TRANSCRIBE)

    def stop(self) -> None:
        """Hand running jobs back after the batch in flight, and stop."""
        self.runner.stopping.set()
        self._stop.set()
        self._retention.end()
        self._thread.join(timeout=30)
        self._retention.stop()
        if self._assistance:
            self._assistance.stop()
        self.runner.wait(60.0)
        self._polling.stop()
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self.heartbeat.stop()

    def _watch(self) -> None:
        """Recover the jobs of dead workers, enqueue forgotten jobs, and tidy the databases."""
        last_tidying = last_search = float("-inf")
        while True:
            try:
                self._recover()
                if time.monotonic() - last_search > SEARCH_INTERVAL:
                    self._enqueue_lost()
                    self._release_notices()
                    self.jobs.revisions.index_missing(INDEXED_AT_ONCE)
                    last_search = time.monotonic()
                if time.monotonic() - last_tidying > TIDY_INTERVAL:
                    self._tidy()
                    last_tidying = time.monotonic()
            except UNAVAILABLE as error:
                log.warning("orphaned jobs not checked: %s", error_line(error))
            except Exception:
                log.exception("orphaned jobs not checked")
            if self._stop.wait(WATCH_INTERVAL):
                return

    def _sweep(self) -> None:
        """Remove what has expired, and the space of deleted rows."""
        self.jobs.sweep(self._retention_days, self._retention.is_stopping)
        if not self._retention.is_stopping() and not self.runner.is_busy():
            vacuum(self.database.engine)

    def _tidy(self) -> None:
        """Remove the workflows of ended jobs, and their space."""
        self._forget_workflows()
        if not self.runner.is_busy():
            self._polling.vacuum()

    def _forget_workflows(self) -> None:
        """Remove the queue's rows of jobs that have ended or were deleted."""
        unfinished, kept = self.database.unfinished(), 0
        while page := DBOS.list_workflows(
            status=ENDED, limit=PAGE, offset=kept, load_input=False, load_output=False
        ):
            ids = [workflow.workflow_id for workflow in page]
            ended = [id for id in ids if id.partition(".")[0] not in unfinished]
            if ended:
                DBOS.delete_workflows(ended)
            kept += len(ids) - len(ended)

    def _recover(self) -> None:
        live, dead = self.heartbeat.check()
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        orphaned = {w.executor_id for w in pending if w.executor_id} - live
        if orphaned:
            log.warning("recovering the jobs of dead workers", extra={"workers": len(orphaned)})
            # Private, but DBOS's own admin server calls it. The public `resume_workflow` would
            # also take a workflow from a live worker that has recovered it first.
            DBOS._recover_pending_workflows(sorted(orphaned))
        if self._assistance:
            release_lost(self.database, live)
        if dead:
            self.heartbeat.forget(dead)

    def _enqueue_lost(self) -> None:
        """Enqueue accepted jobs that no workflow will run: the process died before it enqueued
        them, or the workflow itself ended with an error."""
        jobs = [j for s in (State.QUEUED, State.RUNNING) for j in self.database.list(None, s, 1000)]
        if not jobs:
            return
        known = self._statuses(jobs)
        for job in jobs:
            status = known.get(_workflow(job))
            if status is None:
                self.enqueue(job)
            elif status not in ACTIVE:
                current = self.database.job(job.id)
                if current and current.run == job.run and not current.state.final:
                    log.warning("the workflow of a job ended early", extra={"job": job.id})
                    DBOS.delete_workflow(_workflow(job))
                    self.enqueue(job)

    def _release_notices(self) -> None:
        """Send the notices that wait longer than any delay: the clock was ahead when their wait
        began, and has been set back."""
        latest = 1000 * (time.time() + 2.0**ATTEMPTS)
        for delayed in DBOS.list_workflows(status="DELAYED", load_input=False, load_output=False):
            if (delayed.delay_until_epoch_ms or 0) > latest:
                DBOS.set_workflow_delay(delayed.workflow_id, delay_seconds=0)
                self._polling.announce(NOTIFY)

    def _statuses(self, jobs: Sequence[Job]) -> dict[str, str]:
        workflows = DBOS.list_workflows(
            workflow_ids=[_workflow(job) for job in jobs], load_input=False, load_output=False
        )
        return {workflow.workflow_id: workflow.status for workflow in workflows}


def _workflow(job: Job) -> str:
    """Return the ID of the workflow that runs a job."""
    return f"{job.id}.{job.run}"
