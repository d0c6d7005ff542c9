"""Polling of the queues, and the threads of requests."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from support import postgres
from unispeech.server.jobs.queue_polling import Bell, QueuePolling
from unispeech.server.speech.threads import ChainedThreads
from unispeech.server.storage.connection import create_engine

NEVER = 3600.0


class FakeDBOS:
    """Stands for a launched DBOS where only its stop events matter."""

    def __init__(self) -> None:
        self.background_thread_stop_events = [threading.Event()]
        self._background_jobs_stop_event = threading.Event()


def bell() -> Bell:
    return Bell(is_busy=lambda: False, before_poll=lambda: None)


def test_a_ring_ends_the_wait_once_and_shortens_the_next() -> None:
    rung = bell()
    threading.Timer(0.05, rung.ring).start()
    assert not rung.wait(NEVER)  # without the ring: an hour
    assert not rung.wait(NEVER)  # the second poll after a ring
    rung.ring(delay=0.05)
    assert not rung.wait(NEVER)
    rung.set()
    assert rung.wait(NEVER) and rung.is_set()


def _rings(url: str, change: str) -> bool:
    """Whether a change by another connection rings the bells."""
    polling = QueuePolling(url)
    rung = threading.Event()
    polling._bells["queue"] = type("Fake", (Bell,), {"ring": lambda *_: rung.set()})(
        lambda: False, lambda: None
    )
    on_sqlite = url.startswith("sqlite")
    polling._run(polling._watch_sqlite if on_sqlite else polling._listen, name="watch")
    other = create_engine(url)
    try:
        deadline = time.monotonic() + 20
        while not rung.wait(0.3) and time.monotonic() < deadline:
            with other.begin() as connection:
                connection.execute(sa.text(change))
        first = rung.is_set()
        rung.clear()
        with other.begin() as connection:
            connection.execute(sa.text(change))
        return first and rung.wait(20)
    finally:
        polling.stop()
        other.dispose()


def test_a_change_by_another_process_is_noticed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'queue.sqlite'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE jobs (id INTEGER)"))
    engine.dispose()
    assert _rings(url, "INSERT INTO jobs VALUES (1)")


@pytest.mark.slow
@postgres.NEEDED
def test_a_notification_of_another_process_is_noticed(tmp_path: Path) -> None:
    with postgres.postgres(tmp_path) as database:
        url = database.url.replace("postgresql://", "postgresql+psycopg://")
        assert _rings(url, "NOTIFY unispeech_queue")


def test_dbos_polls_no_queue_itself(tmp_path: Path) -> None:
    polling, dbos = QueuePolling(f"sqlite:///{tmp_path / 'queue.sqlite'}"), FakeDBOS()
    polling.start(dbos, {})
    assert all(event.is_set() for event in dbos.background_thread_stop_events)
    assert dbos._background_jobs_stop_event.is_set()
    polling.stop()


def test_threads_start_on_demand_run_in_parallel_and_end() -> None:
    threads = ChainedThreads(4, "test", idle=0.2)
    gate = threading.Barrier(4)
    results = [threads.submit(gate.wait, 20) for _ in range(4)]  # 4 at once, or it breaks
    assert sorted(result.result(30) for result in results) == [0, 1, 2, 3]
    assert [f.result(30) for f in [threads.submit(pow, 2, n) for n in range(100)]][-1] == 2**99
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 1, 0).result(30)
    deadline = time.monotonic() + 20
    while any(thread.name == "test" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert threads.submit(int, "7").result(30) == 7
    threads.shutdown()
    with pytest.raises(RuntimeError):
        threads.submit(print)
