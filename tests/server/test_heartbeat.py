"""Detection of dead processes without comparing clocks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from unispeech.server.jobs.heartbeat import TIMEOUT, Heartbeat
from unispeech.server.storage.database import Database


def test_a_process_without_beats_is_dead_whatever_its_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    here, there, dead = (Heartbeat(database, lambda: clock[0]) for _ in range(3))
    there._host, dead._host = "elsewhere", "elsewhere too"
    for heartbeat in (here, there, dead):
        heartbeat._write()
    assert here.check() == ({here.id, there.id, dead.id}, [])
    for hour in (-1, 1, -2):  # its clock jumps
        clock[0] += 0.35 * TIMEOUT
        monkeypatch.setattr(time, "time", lambda hour=hour: 1e9 + 3600 * hour)
        there._write()
        live, silent = here.check()
        assert there.id in live
    clock[0] += 0.35 * TIMEOUT
    there._write()
    assert here.check() == ({here.id, there.id}, [dead.id])
    clock[0] += 1.5 * TIMEOUT  # after so long without a check, nobody counts as dead
    assert here.check()[1] == []
    here.forget([dead.id])
    assert here.check() == ({here.id, there.id}, [])
    here.forget([there.id])
    assert here.check() == ({here.id}, [])
    here._host = dead._host = "one"
    dead._write()
    assert here.check() == ({here.id}, [dead.id])  # the same host and PID, but another ID
    database.close()
