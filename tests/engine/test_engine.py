"""The engine, on real clips with real weights."""

from __future__ import annotations

import asyncio
import io
import threading
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from support.samples import SAMPLES, reference, words
from unispeech import AsyncEngine, Transcript
from unispeech.audio.recording import load
from unispeech.backends.base import Backend
from unispeech.call import Call
from unispeech.engine.engine import Engine
from unispeech.errors import AudioNotFound, BackendError, Cancelled, OptionError, UnsupportedOption
from unispeech.options import CallOptions, DecodeOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Progress, Segment

Get = Callable[..., Engine]


@pytest.mark.parametrize(
    ("sample", "model", "language"),
    [
        ("english", "tiny.en", "en"),
        ("pause", "tiny.en", "en"),
        ("english", "base", "en"),
        ("german", "base", "de"),
        ("pause", "base", "en"),
    ],
)
def test_samples_are_transcribed_word_for_word(
    engine: Get, sample: str, model: str, language: str
) -> None:
    transcript = engine(model=model).transcribe(SAMPLES / f"{sample}.wav")
    assert words(transcript.text) == words(reference(sample))
    assert transcript.language == language
    assert transcript.gaps == ()


def test_many_sources_return_results_in_order_with_errors_in_place(engine: Get) -> None:
    sources = [SAMPLES / "pause.wav", Path("missing.wav"), SAMPLES / "english.wav"]
    first, second, third = engine().transcribe_many(sources)
    assert isinstance(first, Transcript) and words(first.text) == words(reference("pause"))
    assert isinstance(second, AudioNotFound) and "missing.wav" in str(second)
    assert isinstance(third, Transcript) and words(third.text) == words(reference("english"))


def test_the_batch_size_does_not_change_the_text(engine: Get) -> None:
    exact = engine(compute_type="float32")
    sources = [SAMPLES / "pause.wav", SAMPLES / "english.wav"] * 2
    single = [
        t.text for t in exact.transcribe_many(sources, batch_size=1) if isinstance(t, Transcript)
    ]
    batched = [
        t.text for t in exact.transcribe_many(sources, batch_size=16) if isinstance(t, Transcript)
    ]
    assert single == batched and len(single) == 4


def test_sampling_at_a_temperature_is_repeatable(engine: Get) -> None:
    """Independent of earlier samples and of the other chunks in the batch."""
    backend = engine().backend
    samples = load(SAMPLES / "english.wav")[: 5 * 16_000]
    chunk = Chunk(samples, 0.0, 5.0, window=15.0, language="en")
    warm = DecodeOptions(temperature=(1.0,))
    first, *rest = [
        result.segments
        for size in (1, 1, 2)
        for result in backend.transcribe_batch([chunk] * size, warm)
    ]
    assert first and all(segments == first for segments in rest)


def test_word_times_ascend_inside_their_segment(engine: Get) -> None:
    transcript = engine().transcribe(SAMPLES / "pause.wav", word_timestamps=True)
    for segment in transcript.segments:
        times = [segment.start, *(t for w in segment.words for t in (w.start, w.end)), segment.end]
        assert segment.words and times == sorted(times)


def test_every_kind_of_source_gives_the_same_text(engine: Get) -> None:
    path = SAMPLES / "english.wav"
    samples = load(path)
    with path.open("rb") as file:
        texts = {
            engine().transcribe(path).text,
            engine().transcribe(str(path)).text,
            engine().transcribe(path.read_bytes()).text,
            engine().transcribe(file).text,
            engine().transcribe(samples, 16_000).text,
        }
    assert len(texts) == 1


def test_silence_gives_no_segments(engine: Get) -> None:
    transcript = engine().transcribe(np.zeros(16_000 * 5, np.float32), 16_000)
    assert transcript.segments == () and transcript.duration == 5.0


def test_the_first_segment_arrives_before_the_recording_is_read(engine: Get) -> None:
    """Ten minutes of sound, of which about two are read ahead."""
    sound = np.tile(load(SAMPLES / "pause.wav"), 30)
    source = io.BytesIO()
    with wave.open(source, "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    source.seek(0)
    segments = engine().segments(source, batch_size=1, chunk_length=5.0)
    first = next(segments)
    assert 0 < source.tell() < len(source.getvalue()) / 2
    assert words(first.text) == words(reference("pause"))[: len(words(first.text))]
    segments.close()  # type: ignore[attr-defined]


def test_callbacks_get_segments_and_progress_and_can_cancel(engine: Get) -> None:
    progress: list[Progress] = []
    received: list[Segment] = []
    transcript = engine().transcribe(
        SAMPLES / "pause.wav", on_segment=received.append, on_progress=progress.append
    )
    assert tuple(received) == transcript.segments
    assert progress[-1].total == transcript.duration
    with pytest.raises(Cancelled):
        engine().transcribe(SAMPLES / "pause.wav", cancelled=lambda: True)


def test_async_engine_runs_callbacks_in_the_event_loop(engine: Get) -> None:
    received: list[Segment] = []
    progress: list[Progress] = []
    threads: set[int] = set()

    def on_segment(segment: Segment) -> None:
        received.append(segment)
        threads.add(threading.get_ident())

    async def run_all() -> tuple[str, list[Segment]]:
        asynchronous = AsyncEngine(engine())
        transcript = await asynchronous.transcribe(
            SAMPLES / "english.wav", on_segment=on_segment, on_progress=progress.append
        )
        segments = [s async for s in asynchronous.segments(SAMPLES / "english.wav")]
        assert await asynchronous.detect_language(SAMPLES / "english.wav") == ("en", 1.0)
        with pytest.raises(Cancelled):
            await asynchronous.transcribe(SAMPLES / "english.wav", cancelled=lambda: True)
        return transcript.text, segments

    text, segments = asyncio.run(run_all())
    assert words(text) == words(reference("english"))
    assert "".join(s.text for s in segments).strip() == text
    assert received == segments and progress
    assert threads == {threading.get_ident()}, "callbacks run in the event loop"


@pytest.mark.parametrize(
    ("options", "kind", "named"),
    [
        ({"language": "fr"}, UnsupportedOption, "fr"),
        ({"task": "translate"}, UnsupportedOption, "translate"),
        ({"device": "tpu"}, UnsupportedOption, "device"),
        ({"compute_type": "int3"}, UnsupportedOption, "compute_type"),
        ({"strategy": "native", "batch_size": 2}, UnsupportedOption, "batch_size"),
        ({"language": "klingon"}, OptionError, "klingon"),
    ],
)
def test_unsupported_options_are_refused_by_name(
    options: dict[str, object], kind: type[OptionError], named: str
) -> None:
    with pytest.raises(OptionError, match=named) as error:
        Engine("faster", "tiny.en", **options)  # type: ignore[arg-type]
    assert type(error.value) is kind


def test_the_native_strategy_matches_the_library_called_directly(engine: Get) -> None:
    from faster_whisper import WhisperModel

    from unispeech.models import store

    model = WhisperModel(str(store.obtain("tiny.en")), device="cpu", compute_type="int8")
    theirs, _ = model.transcribe(str(SAMPLES / "pause.wav"), word_timestamps=True)
    ours = engine().transcribe(SAMPLES / "pause.wav", strategy="native", word_timestamps=True)
    assert [(s.start, s.end, s.text, len(s.words)) for s in ours.segments] == [
        (s.start, s.end, s.text, len(s.words or ())) for s in theirs
    ]


class Failing(Backend):
    """Wrapper of a real backend that fails on every chunk of one source."""

    name = "failing"

    def __init__(self, backend: Backend, source: int) -> None:
        self.backend = backend
        self.source = source
        self.requested: list[int] = []

    @property
    def windows(self) -> tuple[float, ...]:
        return self.backend.windows

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        self.requested += [chunk.source for chunk in chunks]
        if any(chunk.source == self.source for chunk in chunks):
            raise BackendError("out of memory")
        return self.backend.transcribe_batch(chunks, options)


def test_a_failed_source_is_abandoned_and_the_others_continue() -> None:
    failing: list[Failing] = []

    def share(backend: Backend) -> Backend:
        failing.append(Failing(backend, source=0))
        return failing[0]

    short = load(SAMPLES / "english.wav")
    sources = [np.tile(short, 200), short, short]
    with Engine("faster", "tiny.en", share=share) as engine:
        first, second, third = engine.transcribe_many(sources, 16_000, batch_size=1)
    assert isinstance(first, BackendError) and "out of memory" in str(first)
    assert isinstance(second, Transcript) and second == third
    assert failing[0].requested.count(0) <= 10, "of about 60 chunks, only those already in flight"


def test_runs_reuse_the_threads_of_their_engine(
    engine: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An executor may start a thread while another is about to become free, but not every run."""
    loaded = engine()
    for _ in range(3):
        loaded.transcribe(SAMPLES / "english.wav")
    started: list[str] = []
    start = threading.Thread.start

    def counted(thread: threading.Thread) -> None:
        started.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", counted)
    runs = 10
    for _ in range(runs):
        loaded.transcribe(SAMPLES / "english.wav")
    assert len(started) < runs / 2


class MemoryJournal:
    """A journal in memory."""

    def __init__(self) -> None:
        self.results: dict[int, ChunkResult] = {}
        self.recordings = 0

    def recorded(self, chunk: Chunk) -> ChunkResult | None:
        return self.results.get(chunk.index)

    def record(self, chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        self.recordings += len(chunks)
        self.results.update({c.index: r for c, r in zip(chunks, results, strict=True)})


def test_an_interrupted_call_resumes_from_its_journal(engine: Get) -> None:
    journal = MemoryJournal()
    options: CallOptions = {"batch_size": 1, "chunk_length": 5.0}
    whole = engine().transcribe(SAMPLES / "pause.wav", **options)

    def stop() -> bool:
        return len(journal.results) >= 1

    with pytest.raises(Cancelled):
        call = Call(journal=journal, cancelled=stop)
        engine().follow(SAMPLES / "pause.wav", call, **options)
    again = engine().follow(SAMPLES / "pause.wav", Call(journal=journal), **options)
    assert again == whole
    assert journal.recordings == len(journal.results) > 1, "recorded chunks are not decoded again"
