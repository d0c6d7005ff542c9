"""Distribution of faster-whisper's calls among its workers, with real weights."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.backends.faster import FasterWhisper, _shares
from unispeech.backends.whisper import bfloat16_encoder
from unispeech.backends.whisper.bounds import MAX_BATCH_SECONDS
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError
from unispeech.models import store
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.system import memory
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Span


def chunk() -> Chunk:
    samples = load(SAMPLES / "english.wav")
    end = len(samples) / SAMPLE_RATE
    return Chunk(samples, 0.0, end, (Span(0.0, end),), window=15.0, language="en")


def test_concurrent_calls_share_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    second = threading.Event()
    decode = FasterWhisper._decode

    def watched(
        self: FasterWhisper, chunks: list[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        sizes.append(len(chunks))
        if len(sizes) == 3:
            second.set()
        assert second.wait(60)
        return decode(self, chunks, options)

    monkeypatch.setattr(FasterWhisper, "_decode", watched)
    with Engine("faster", "tiny.en", threads=2) as engine, ThreadPoolExecutor(2) as threads:
        transcribe = engine.backend.transcribe_batch
        greedy = DecodeOptions(beam_size=1)
        first = threads.submit(transcribe, [chunk()] * 4, greedy)
        while len(sizes) < 2 and not first.done():
            second.wait(0.01)
        other = transcribe([chunk()] * 4, greedy)
        texts = {result.text for result in (*first.result(), *other)}
    assert sizes == [2, 2, 4]
    assert len(texts) == 1 and texts != {""}


def test_results_keep_the_order_of_chunks_with_different_windows() -> None:
    with Engine("faster", "tiny.en", threads=2) as engine:
        chunks = [replace(chunk(), window=window) for window in (30.0, 15.0, 30.0, 20.0)]
        results = engine.backend.transcribe_batch(chunks, DecodeOptions(beam_size=1))
    assert len({result.text for result in results}) == 1 and results[0].text


def test_short_memory_bounds_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda *_: 150_000_000)
    sizes: list[int] = []
    decode = FasterWhisper._decode

    def watched(
        self: FasterWhisper, chunks: list[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        sizes.append(len(chunks))
        return decode(self, chunks, options)

    monkeypatch.setattr(FasterWhisper, "_decode", watched)
    with Engine("faster", "tiny.en", threads=1, compute_type="int8") as engine:
        engine.backend.transcribe_batch([chunk()] * 8, DecodeOptions(beam_size=1))
    assert sizes == [4, 4], "60 s of 15 s windows each: a quarter of the memory"


def test_a_model_that_cannot_fit_is_refused_before_it_loads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "with_swap", lambda *_: 50_000_000)
    model, facts = store.obtain("tiny.en"), store.describe("tiny.en")
    with pytest.raises(BackendError, match=r"'tiny\.en' needs at least \d+ MB of memory, but 50"):
        FasterWhisper(model, facts, LoadOptions(device="cpu"))


def test_the_librarys_own_algorithm_gets_the_whole_model() -> None:
    """Beside the bfloat16 encoder, CTranslate2 loads only the decoder."""
    with Engine("faster", "tiny.en", threads=1) as engine:
        backend = engine.backend
        assert isinstance(backend, FasterWhisper)
        before = backend._decoder_only
        native = engine.transcribe(SAMPLES / "english.wav", strategy="native", beam_size=1)
        assert before == bfloat16_encoder.is_available() and not backend._decoder_only
        batched = engine.transcribe(SAMPLES / "english.wav", beam_size=1)
    with Engine("faster", "tiny.en", threads=1, compute_type="int8") as engine:
        whole = engine.transcribe(SAMPLES / "english.wav", strategy="native", beam_size=1)
    assert native.text == whole.text != ""
    assert batched.text


def test_a_batch_is_at_most_160_seconds_of_windows() -> None:
    """Bounds the memory, whatever the batch size."""
    long = [replace(chunk(), window=30.0)] * 11
    short = [replace(chunk(), window=15.0)] * 4
    shares = _shares(long + short, 1, MAX_BATCH_SECONDS)
    assert sorted(map(len, shares)) == [3, 4, 4, 4]
    assert sorted(i for share in shares for i in share) == list(range(15))
    assert sorted(map(len, _shares(long + short, 1, math.inf))) == [4, 11]


@pytest.mark.parametrize(("model", "longest"), [("tiny.en", 20.0), ("base", 30.0)])
def test_the_chunk_length_depends_on_the_model_shape_not_its_name(
    tmp_path: Path, model: str, longest: float
) -> None:
    """A fine-tune of a tiny or a larger model may have any name."""
    renamed = tmp_path / ("patois" if model == "tiny.en" else "tiny-sounding")
    renamed.symlink_to(store.obtain(model))
    facts = replace(store.describe(model), name=renamed.name)
    backend = FasterWhisper(renamed, facts, LoadOptions(device="cpu", compute_type="int8"))
    assert backend.chunk_length == longest
    backend.close()
