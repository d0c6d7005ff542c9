"""Models in memory: loaded once, limited per kind, unloaded when idle."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from unispeech.backends.loaded import Key, LoadedModels
from unispeech.errors import BackendError, ModelDamaged


class Model:
    """A model that takes `seconds` to load."""

    def __init__(self, seconds: float = 0.0) -> None:
        time.sleep(seconds)
        self.closed = False

    def close(self) -> None:
        self.closed = True


def names(models: LoadedModels) -> list[tuple[str, str]]:
    return sorted((loaded.kind, loaded.model) for loaded in models.list())


def test_concurrent_users_load_a_model_once() -> None:
    loads: list[Model] = []

    def load() -> Model:
        loads.append(Model(0.2))
        return loads[-1]

    gate = threading.Barrier(4)

    def use(models: LoadedModels) -> Model:
        gate.wait()
        with models.use(Key("aligner", "a"), load) as model:
            return model

    with LoadedModels() as models, ThreadPoolExecutor(4) as threads:
        assert len({id(model) for model in threads.map(use, [models] * 4)}) == 1
        assert len(loads) == 1 and not loads[0].closed
    assert loads[0].closed


def test_the_limit_counts_per_kind_and_evicts_the_longest_idle() -> None:
    with LoadedModels(limit=2) as models:
        for name in ("a", "b", "a", "c"):
            with models.use(Key("aligner", name), Model):
                time.sleep(0.01)
        with models.use(Key("diarizer", "d"), Model):
            assert names(models) == [("aligner", "a"), ("aligner", "c"), ("diarizer", "d")]


def test_a_model_over_the_limit_waits_until_another_is_idle() -> None:
    released = threading.Event()
    with LoadedModels(limit=1) as models, ThreadPoolExecutor(1) as threads:

        def second() -> bool:
            with models.use(Key("engine", "b"), Model):
                return released.is_set()

        with models.use(Key("engine", "a"), Model) as first:
            waiting = threads.submit(second)
            time.sleep(0.1)
            assert not waiting.done() and not first.closed
            released.set()
        assert waiting.result(5) and first.closed


def test_idle_models_are_unloaded_and_models_in_use_are_not() -> None:
    with LoadedModels(idle_timeout=0.2) as models, models.use(Key("engine", "a"), Model) as used:
        with models.use(Key("aligner", "b"), Model) as idle:
            pass
        deadline = time.monotonic() + 5
        while not idle.closed and time.monotonic() < deadline:
            time.sleep(0.02)
        assert idle.closed and not used.closed
        assert names(models) == [("engine", "a")]


def test_a_model_that_fails_to_load_frees_its_slot() -> None:
    def damaged() -> Model:
        raise ModelDamaged("truncated")

    with LoadedModels(limit=1) as models:
        with pytest.raises(ModelDamaged), models.use(Key("engine", "a"), damaged):
            pass
        with models.use(Key("engine", "b"), Model):
            assert names(models) == [("engine", "b")]
    with pytest.raises(BackendError), models.use(Key("engine", "b"), Model):
        pass
