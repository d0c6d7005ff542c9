"""Which processes of the service are alive, by clocks that are not believed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from unispeech.server.jobs.heartbeat import TIMEOUT, Heartbeat
from unispeech.server.storage.database import Database


def test_only_silence_is_death_and_no_clock_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    here, there, gone = (Heartbeat(database, lambda: clock[0]) for _ in range(3))
    there._host, gone._host = "elsewhere", "elsewhere too"
    for one in (here, there, gone):
        one._write()
    assert here.check() == ({here.id, there.id, gone.id}, [])
    for hour in (-1, 1, -2):  # its clock is put back and forth
        clock[0] += 0.35 * TIMEOUT
        monkeypatch.setattr(time, "time", lambda hour=hour: 1e9 + 3600 * hour)
        there._write()
        live, silent = here.check()
        assert there.id in live
    clock[0] += 0.35 * TIMEOUT
    there._write()
    assert here.check() == ({here.id, there.id}, [gone.id])
    clock[0] += 1.5 * TIMEOUT  # whoever has not looked for so long has no right to judge
    assert here.check()[1] == []
    here.forget([gone.id])
    assert here.check() == ({here.id, there.id}, [])
    here.forget([there.id])
    assert here.check() == ({here.id}, [])
    here._host = gone._host = "one"
    gone._write()
    assert here.check() == ({here.id}, [gone.id])  # it says it is this very process, and is not
    database.close()
