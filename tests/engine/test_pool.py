"""Engines shared between calls: one load, joint batches, unloading. Real weights throughout."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.samples import SAMPLES, reference, words
from support.small_mms import CLIPS, LID, MODEL
from unispeech.backends.base import Backend
from unispeech.engine.engine import Engine
from unispeech.engine.pool import Pool, Shared
from unispeech.errors import BackendError, UnknownModel
from unispeech.options import DecodeOptions
from unispeech.types import Chunk, ChunkResult

Get = Callable[..., Engine]


class Watched(Backend):
    """The real backend, with a note of each batch; fails on a batch that holds a `bad` chunk."""

    name = "watched"

    def __init__(self, inside: Backend, bad: Chunk | None = None) -> None:
        self.inside = inside
        self.bad = bad
        self.batches: list[int] = []

    @property
    def windows(self) -> tuple[float, ...]:
        return self.inside.windows

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        self.batches.append(len(chunks))
        if any(chunk is self.bad for chunk in chunks):
            raise BackendError("a bad chunk")
        return self.inside.transcribe_batch(chunks, options)


def chunks_of(engine: Engine, sample: str) -> list[Chunk]:
    from dataclasses import replace

    from unispeech.audio.recording import Recording

    recording = Recording(SAMPLES / f"{sample}.wav")
    return [replace(c, language="en") for c in engine._reader(engine.options).plan(recording)]


def test_concurrent_calls_share_batches_and_each_gets_its_own_text(engine: Get) -> None:
    kinds = {name: chunks_of(engine(), name)[0] for name in ("english", "pause")}
    watched = Watched(engine().backend)
    shared = Shared(watched, batch_size=4, wait=0.05)
    asked = ["english", "pause", "pause"] * 3
    with ThreadPoolExecutor(9) as threads:
        work = [threads.submit(shared.transcribe_batch, [kinds[k]], DecodeOptions()) for k in asked]
        texts = [words(one.result()[0].text) for one in work]
    alone = {
        kind: words(watched.inside.transcribe_batch([chunk], DecodeOptions())[0].text)
        for kind, chunk in kinds.items()
    }
    assert texts == [alone[kind] for kind in asked]
    assert sum(watched.batches) == 9 and max(watched.batches) <= 4 and len(watched.batches) <= 5


def test_calls_with_other_options_are_not_joined(engine: Get) -> None:
    chunk = chunks_of(engine(), "english")[0]
    watched = Watched(engine().backend)
    shared = Shared(watched, wait=0.05)
    options = [DecodeOptions(beam_size=1), DecodeOptions(beam_size=2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda o: shared.transcribe_batch([chunk], o), options))
    assert watched.batches == [1, 1]


def test_a_failing_call_does_not_take_its_companions_down(engine: Get) -> None:
    good, bad = (chunks_of(engine(), name)[0] for name in ("english", "pause"))
    shared = Shared(Watched(engine().backend, bad=bad), wait=0.1)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(shared.transcribe_batch, [bad], DecodeOptions())
        second = threads.submit(shared.transcribe_batch, [good], DecodeOptions())
        assert words(second.result()[0].text) == words(reference("english"))
        with pytest.raises(BackendError, match="a bad chunk"):
            first.result()


def test_one_load_for_all_who_ask_at_once() -> None:
    with Pool() as pool:
        gate = threading.Barrier(4)

        def ask(_: int) -> tuple[int, str]:
            gate.wait()
            with pool.engine("faster", "tiny.en") as engine:
                return id(engine), engine.transcribe(SAMPLES / "english.wav").text

        with ThreadPoolExecutor(4) as threads:
            answers = set(threads.map(ask, range(4)))
        assert len({engine for engine, _ in answers}) == 1
        assert {tuple(words(text)) for _, text in answers} == {tuple(words(reference("english")))}


def test_the_bound_evicts_the_idle_one_and_idle_engines_unload() -> None:
    with Pool(limit=1, idle_timeout=0.4) as pool:
        with pool.engine("faster", "tiny.en"):
            assert [(one.model, one.users) for one in pool.loaded()] == [("tiny.en", 1)]
        with pool.engine("faster", "base"):
            assert [one.model for one in pool.loaded()] == ["base"]
            time.sleep(0.8)
            assert len(pool.loaded()) == 1, "in use"
        deadline = time.monotonic() + 5
        while pool.loaded() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert pool.loaded() == []


def test_aligners_and_identifiers_are_in_the_pool_and_idle_ones_unload() -> None:
    pytest.importorskip("transformers")
    clip = CLIPS / "eng-03.flac"
    with Pool() as pool, pool.engine("faster", "base") as engine:
        transcript = engine.transcribe(clip, align_model=str(MODEL), language_id_model=str(LID))
        assert all(one.words for one in transcript.segments)
        kinds = {one.kind for one in pool.loaded()}
        assert kinds == {"engine", "aligner", "identifier"}
    with Pool(idle_timeout=0.5) as pool, pool.engine("faster", "base") as engine:
        engine.transcribe(clip, align_model=str(MODEL), language_id_model=str(LID))
        deadline = time.monotonic() + 10
        while len(pool.loaded()) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [one.kind for one in pool.loaded()] == ["engine"], "only what is in use"


def test_what_cannot_be_loaded_leaves_no_trace() -> None:
    with Pool(limit=1) as pool:
        with pytest.raises(UnknownModel), pool.engine("faster", "no-such-model"):
            pass
        assert pool.loaded() == []
        with pool.engine("faster", "tiny.en"):
            pass
    with pytest.raises(BackendError, match="closed"), pool.engine("faster", "tiny.en"):
        pass
