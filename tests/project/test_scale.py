"""The model of a large archive agrees with arithmetic where arithmetic suffices."""

from __future__ import annotations

import pytest

from scale import LATENCY, Costs, simulate

COSTS = Costs(per_job=20, per_hour=1000, idle=0.0, capacity=1000, job_bytes=0, hour_bytes=0)


def test_a_worker_alone_waits_only_for_its_own_transactions() -> None:
    load = simulate(1, speed=50, minutes=10, costs=COSTS, seconds=36_000)
    decoding = 3600 / 50
    waiting = (20 * 6 + 1000) * (1 / 1000 + LATENCY)  # of an hour of sound, in six recordings
    assert load.efficiency == pytest.approx(decoding / (decoding + waiting), rel=0.02)
    assert load.sound == pytest.approx(10 * 50 * load.efficiency, rel=0.01)


def test_many_workers_get_what_the_database_writes() -> None:
    busy = simulate(500, speed=50, minutes=30, costs=COSTS, seconds=600)
    assert busy.database > 0.99
    per_hour = 2 * 20 + 1000
    assert busy.sound == pytest.approx(1000 * 600 / per_hour, rel=0.02)
    assert busy.efficiency < 0.2
