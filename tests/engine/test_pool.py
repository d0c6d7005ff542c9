"""Pool of engines: shared loads, shared batches, unloading. Real weights throughout."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.samples import SAMPLES, reference, words
from support.small_mms import CLIPS, LID, MODEL
from unispeech.backends.base import Backend
from unispeech.backends.failures import trusted
from unispeech.call import Call
from unispeech.engine.engine import Engine
from unispeech.engine.pool import Pool, Shared
from unispeech.errors import BackendError, UnknownModel
from unispeech.options import DecodeOptions
from unispeech.types import Chunk, ChunkResult

Get = Callable[..., Engine]


class Watched(Backend):
    """Wrapper of a real backend that records batch sizes and fails on a `bad` chunk."""

    name = "watched"

    def __init__(self, backend: Backend, bad: Chunk | None = None) -> None:
        self.backend = backend
        self.bad = bad
        self.batches: list[int] = []

    @property
    def windows(self) -> tuple[float, ...]:
        return self.backend.windows

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        self.batches.append(len(chunks))
        if any(chunk is self.bad for chunk in chunks):
            raise BackendError("a bad chunk")
        return self.backend.transcribe_batch(chunks, options)


def chunks_of(engine: Engine, sample: str) -> list[Chunk]:
    from dataclasses import replace

    from unispeech.audio.recording import Recording

    recording = Recording(SAMPLES / f"{sample}.wav")
    reader = engine._run(engine.options, Call()).reader()
    return [replace(chunk, language="en") for chunk in reader.plan(recording)]


def test_concurrent_calls_share_batches_and_get_their_own_texts(engine: Get) -> None:
    samples = {name: chunks_of(engine(), name)[0] for name in ("english", "pause")}
    watched = Watched(engine().backend)
    shared = Shared(watched, batch_size=4, wait=0.05)
    names = ["english", "pause", "pause"] * 3
    with ThreadPoolExecutor(9) as threads:
        calls = [
            threads.submit(shared.transcribe_batch, [samples[name]], DecodeOptions())
            for name in names
        ]
        texts = [words(call.result()[0].text) for call in calls]
    alone = {
        name: words(watched.backend.transcribe_batch([chunk], DecodeOptions())[0].text)
        for name, chunk in samples.items()
    }
    assert texts == [alone[name] for name in names]
    assert sum(watched.batches) == 9 and max(watched.batches) <= 4 and len(watched.batches) <= 5


def test_calls_with_different_options_do_not_share_a_batch(engine: Get) -> None:
    chunk = chunks_of(engine(), "english")[0]
    watched = Watched(engine().backend)
    shared = Shared(watched, wait=0.05)
    options = [DecodeOptions(beam_size=1), DecodeOptions(beam_size=2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda o: shared.transcribe_batch([chunk], o), options))
    assert watched.batches == [1, 1]


def test_a_failing_call_does_not_fail_others_in_its_batch(engine: Get) -> None:
    good, bad = (chunks_of(engine(), name)[0] for name in ("english", "pause"))
    shared = Shared(Watched(engine().backend, bad=bad), wait=0.1)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(shared.transcribe_batch, [bad], DecodeOptions())
        second = threads.submit(shared.transcribe_batch, [good], DecodeOptions())
        assert words(second.result()[0].text) == words(reference("english"))
        with pytest.raises(BackendError, match="a bad chunk"):
            first.result()


class PanicException(BaseException):
    """Stands in for pyo3's class of this name, which Rust code raises when it panics."""


class Panicking(Watched):
    """Wrapper of a real backend whose first call panics."""

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        if not self.batches:
            self.batches.append(len(chunks))
            raise PanicException("Regex search error: fail to memory allocation")
        return super().transcribe_batch(chunks, options)


def test_a_panic_is_an_error_and_later_calls_are_answered(engine: Get) -> None:
    chunk = chunks_of(engine(), "english")[0]
    shared = Shared(Panicking(engine().backend))
    with pytest.raises(BackendError, match="watched: Regex search error"), trusted("watched"):
        shared.transcribe_batch([chunk], DecodeOptions())
    text = shared.transcribe_batch([chunk], DecodeOptions())[0].text
    assert words(text) == words(reference("english"))


def test_a_panic_without_a_message_is_an_error() -> None:
    with pytest.raises(BackendError, match="PanicException"), trusted("any"):
        raise PanicException("")


def test_concurrent_callers_share_one_load() -> None:
    with Pool() as pool:
        gate = threading.Barrier(4)

        def transcribe(_: int) -> tuple[int, str]:
            gate.wait()
            with pool.engine("faster", "tiny.en") as engine:
                return id(engine), engine.transcribe(SAMPLES / "english.wav").text

        with ThreadPoolExecutor(4) as threads:
            results = set(threads.map(transcribe, range(4)))
        assert len({engine for engine, _ in results}) == 1
        assert {tuple(words(text)) for _, text in results} == {tuple(words(reference("english")))}


def test_the_limit_evicts_idle_engines_and_idle_engines_unload() -> None:
    with Pool(limit=1, idle_timeout=0.4) as pool:
        with pool.engine("faster", "tiny.en"):
            assert [(loaded.model, loaded.users) for loaded in pool.loaded()] == [("tiny.en", 1)]
        with pool.engine("faster", "base"):
            assert [loaded.model for loaded in pool.loaded()] == ["base"]
            time.sleep(0.8)
            assert len(pool.loaded()) == 1, "in use"
        deadline = time.monotonic() + 5
        while pool.loaded() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert pool.loaded() == []


def test_idle_aligners_and_identifiers_of_the_pool_unload() -> None:
    pytest.importorskip("transformers")
    clip = CLIPS / "eng-03.flac"
    with Pool() as pool, pool.engine("faster", "base") as engine:
        transcript = engine.transcribe(clip, align_model=str(MODEL), language_id_model=str(LID))
        assert all(segment.words for segment in transcript.segments)
        kinds = {loaded.kind for loaded in pool.loaded()}
        assert kinds == {"engine", "aligner", "identifier"}
    with Pool(idle_timeout=0.5) as pool, pool.engine("faster", "base") as engine:
        engine.transcribe(clip, align_model=str(MODEL), language_id_model=str(LID))
        deadline = time.monotonic() + 10
        while len(pool.loaded()) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [loaded.kind for loaded in pool.loaded()] == ["engine"], "only the engine in use"


def test_a_failed_load_leaves_the_pool_unchanged() -> None:
    with Pool(limit=1) as pool:
        with pytest.raises(UnknownModel), pool.engine("faster", "no-such-model"):
            pass
        assert pool.loaded() == []
        with pool.engine("faster", "tiny.en"):
            pass
    with pytest.raises(BackendError, match="closed"), pool.engine("faster", "tiny.en"):
        pass
