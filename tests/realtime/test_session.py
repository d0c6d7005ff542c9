"""Live sessions: invariants with a fake backend and a real VAD, and transcripts of tiny.en."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar

import jiwer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.errors import raises
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.backends.base import Backend
from unispeech.engine.aio import AsyncEngine
from unispeech.engine.engine import Engine
from unispeech.errors import AudioError, BackendError, OptionError, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, TranscribeOptions
from unispeech.realtime.events import Event
from unispeech.realtime.hearing import Hearing
from unispeech.realtime.intake import listen
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.session import Session
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Emissions, Segment, Word

Get = Callable[..., Engine]

SPOKEN = [
    ("Please wait here for a moment while I open the door.", 0.1, 2.95),
    (
        "Thank you for waiting. You can come in now and there is fresh bread on the table.",
        15.2,
        20.8,
    ),
]
"""The texts in samples/pause.wav, with start and end in seconds."""


def truth() -> Iterator[Word]:
    for text, start, end in SPOKEN:
        each = (end - start) / len(text.split())
        for i, word in enumerate(text.split()):
            yield Word(start + i * each, start + (i + 1) * each, f" {word}", 1.0)


class FakeBackend(Backend):
    """A stand-in for a model: returns the true words within a chunk.

    A word that the end of a chunk cuts is wrong, as with models.
    """

    name = "fake"

    def __init__(self, failing: Callable[[Chunk], bool] = lambda chunk: False) -> None:
        self.failing = failing
        self.longest = 0.0

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        return [self._decode(chunk) for chunk in chunks]

    def _decode(self, chunk: Chunk) -> ChunkResult:
        self.longest = max(self.longest, chunk.duration)
        if self.failing(chunk):
            raise BackendError("the fake was told to fail")
        decoded = [
            w for w in truth() if w.start >= chunk.start - 0.05 and w.start < chunk.end - 0.1
        ]
        if decoded and decoded[-1].end > chunk.end:
            last = decoded[-1]
            decoded[-1] = Word(last.start, chunk.end, last.word[:3] + "zz", 0.1)
        if not decoded:
            return ChunkResult(())
        shifted = tuple(
            Word(w.start - chunk.start, w.end - chunk.start, w.word, w.probability) for w in decoded
        )
        text = "".join(w.word for w in shifted)
        return ChunkResult((Segment(0, shifted[0].start, shifted[-1].end, text, shifted),))


class FakeCtc(FakeBackend):
    """A stand-in for a CTC model: returns frame scores, with a letter in each frame."""

    def _decode(self, chunk: Chunk) -> ChunkResult:
        tokens = ("", " ", *"abcdefghijklmnopqrstuvwxyz")
        frames = np.full((int(chunk.duration / 0.02), len(tokens)), -9.0, np.float32)
        best_tokens = [0] * len(frames)
        for word in truth():
            letters = [letter for letter in word.word.lower() if letter in tokens]
            each = (word.end - word.start) / (2 * len(letters) + 2)
            for i, letter in enumerate(letters):
                frame = int((word.start + 2 * i * each - chunk.start) / 0.02)
                if 0 <= frame < len(frames):
                    best_tokens[frame] = tokens.index(letter)
        frames[np.arange(len(frames)), best_tokens] = -0.01
        return ChunkResult((), emissions=Emissions(frames, tokens, blank=0, step=0.02))


def session(backend: Backend, live: LiveOptions | None = None, **options: Any) -> Session:
    return Session(hearing(backend, **options), live)


def hearing(backend: Backend, **options: Any) -> Hearing:
    facts = ModelFacts("fake", languages={"en": "english"})
    return Hearing(backend, facts, TranscribeOptions.of(**options))


@cache
def pause() -> np.ndarray:
    return load(SAMPLES / "pause.wav")


def run(
    session: Session, samples: np.ndarray, sizes: Sequence[int] = (1600,),
    waiting: Sequence[float] = (0.0,),
) -> list[Event]:  # fmt: skip
    """Return all events of samples fed in pieces of these sizes, in turn."""
    events: list[Event] = []
    position = 0
    for size, wait in zip(itertools.cycle(sizes), itertools.cycle(waiting), strict=False):
        events += session.feed(samples[position : position + size], wait)
        position += size
        if position >= len(samples):
            return events + list(session.finish())
    raise AssertionError


def spoken(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if event.type == "final")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=5))
def test_events_do_not_depend_on_the_size_of_pieces(sizes: list[int]) -> None:
    sizes = [max(size, 300) for size in sizes]
    assert run(session(FakeBackend()), pause(), sizes) == run(session(FakeBackend()), pause())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.3, 5.0]), min_size=1, max_size=12), st.booleans())
def test_no_word_is_lost_or_repeated_at_any_lag(waiting: list[float], vad: bool) -> None:
    live = LiveOptions(longest=6.0, keep=3.0)
    backend = FakeBackend()
    events = run(session(backend, live, vad=vad), pause(), waiting=waiting)
    assert spoken(events).split() == [word.word.strip() for word in truth()]
    assert backend.longest <= live.longest + 0.2
    finals = [event for event in events if event.type == "final"]
    times = [t for e in finals for w in e.words for t in (w.start, w.end)]
    assert times == sorted(times)
    assert "".join(e.text for e in events if e.type == "endpoint") == spoken(events)
    assert all(e.text == "".join(w.word for w in e.words) for e in events if e.type != "gap")


def test_a_late_session_skips_partials_and_reports_its_lag() -> None:
    events = run(session(FakeBackend()), pause(), waiting=[9.0])
    assert {event.type for event in events} == {"final", "endpoint"}
    assert events[0].lag == 9.0


def test_open_words_become_final_at_the_end() -> None:
    cut = pause()[: int(1.7 * SAMPLE_RATE)]
    events = run(session(FakeBackend()), cut)
    assert events[-1].type == "endpoint"
    assert spoken(events).startswith(" Please wait here for a moment")


def test_undecodable_speech_is_a_gap() -> None:
    backend = FakeBackend(failing=lambda chunk: chunk.start > 10)
    events = run(session(backend), pause())
    gaps = [event for event in events if event.type == "gap"]
    assert len(gaps) == 1 and gaps[0].start > 14 and "told to fail" in gaps[0].reason
    assert words(spoken(events)) == words(SPOKEN[0][0])


@pytest.mark.parametrize("longest", [6.2, 6.3, 6.4, 6.5, 6.6])
def test_a_hypothesis_before_a_cut_is_not_used_after_it(longest: float) -> None:
    """The session is late until the pause: it decodes for the first time there, then cuts."""
    late_session = session(FakeBackend(), LiveOptions(longest=longest, keep=longest))
    events: list[Event] = []
    for start in range(0, len(pause()), 512):
        late = 15.0 < start / SAMPLE_RATE < 20.9
        events += late_session.feed(pause()[start : start + 512], 5.0 if late else 0.0)
    events += late_session.finish()
    assert spoken(events).split() == [word.word.strip() for word in truth()]


def test_a_phrase_without_a_pause_ends_at_its_maximum() -> None:
    events = run(Session(hearing(FakeBackend()), longest_phrase=6), pause())
    closed = [event for event in events if event.type == "endpoint"]
    assert len(closed) > 2 and all(len(event.words) < 12 for event in closed)
    assert "".join(event.text for event in closed) == spoken(events)
    assert spoken(events).split() == [word.word.strip() for word in truth()]


def test_sound_before_a_failure_is_transcribed() -> None:
    def broken() -> Iterator[tuple[np.ndarray, float]]:
        yield pause()[: int(1.7 * SAMPLE_RATE)], 0.0
        raise AudioError("the cable was pulled")

    events: list[Event] = []
    with pytest.raises(AudioError, match="cable"):
        events.extend(listen(session(FakeBackend()), broken()))
    assert events[-1].type == "endpoint"
    assert spoken(events).startswith(" Please wait here for a moment")


def test_a_short_phrase_gets_a_window_of_the_backend() -> None:
    class FakeWindows(FakeCtc):
        windows = (6.0, 11.0)
        used: ClassVar[set[float]] = set()

        def _decode(self, chunk: Chunk) -> ChunkResult:
            self.used.add(chunk.window)
            return super()._decode(chunk)

    run(session(FakeWindows()), pause())
    assert FakeWindows.used == {6.0, 11.0}


def test_frame_scores_of_a_ctc_model_become_words() -> None:
    events = run(session(FakeCtc()), pause())
    assert words(spoken(events)) == [word for text, _, _ in SPOKEN for word in words(text)]


def test_silence_has_no_events_and_keeps_no_sound() -> None:
    quiet = session(FakeBackend())
    assert run(quiet, np.zeros(30 * SAMPLE_RATE, np.float32)) == []
    assert quiet._sound.end - quiet._sound.start < 40


@pytest.mark.parametrize(("name", "value"), [("step", 0.0), ("endpoint", 60.0), ("longest", 40.0)])
def test_a_wrong_value_names_its_option(name: str, value: float) -> None:
    with pytest.raises(OptionError, match=name):
        LiveOptions(**{name: value})


def test_the_native_strategy_is_refused(engine: Get) -> None:
    with pytest.raises(UnsupportedOption) as caught:
        engine().listen(strategy="native")
    assert (caught.value.code, caught.value.option) == ("not_live", "strategy")


@pytest.mark.parametrize("name", ["align", "diarize"])
def test_options_for_complete_recordings_are_refused(engine: Get, name: str) -> None:
    options: Any = {name: True}
    with pytest.raises(UnsupportedOption) as caught:
        engine().listen(**options)
    assert (caught.value.code, caught.value.option) == ("not_live", name)


def test_a_real_model_transcribes_the_sample(engine: Get) -> None:
    events = run(engine().listen(), pause())
    assert words(spoken(events)) == words(reference("pause"))
    assert [event.type for event in events].count("endpoint") == 2
    assert any(event.type == "partial" for event in events)


@pytest.mark.slow
def test_german_is_detected_and_translated(engine: Get) -> None:
    german = load(SAMPLES / "german.wav")
    live = engine(model="base").listen()
    events = run(live, german, waiting=[0.0, 0.0, 0.5, 0.5])
    assert live.language == "de"
    assert jiwer.wer(" ".join(words(reference("german"))), " ".join(words(spoken(events)))) < 0.1
    translating = engine(model="base").listen(task="translate")
    english = words(spoken(run(translating, german, waiting=[9.0])))
    assert {"the", "sun"} <= set(english), english


def test_the_async_engine_listens_with_the_same_events(engine: Any) -> None:
    async def async_events() -> list[Event]:
        session = await AsyncEngine(engine()).listen(step=1.0)
        events = [event async for event in session.feed(pause())]
        return events + [event async for event in session.finish()]

    session = engine().listen(step=1.0)
    events = [*session.feed(pause()), *session.finish()]
    assert {event.type for event in events} >= {"final", "endpoint"}
    assert asyncio.run(async_events()) == events
    with pytest.raises(OptionError):
        engine().listen(step=60.0)


def test_hearing_of_is_deprecated_but_works(engine: Any) -> None:
    with pytest.warns(DeprecationWarning, match="listen"):
        hearing = Hearing.of(engine(), beam_size=1)
    events = run(Session(hearing), pause())
    assert "final" in {event.type for event in events}


@pytest.mark.parametrize("samples", [np.zeros(16, np.int16), np.zeros((16, 2), np.float32)])
def test_samples_of_another_type_or_shape_are_refused(engine: Any, samples: Any) -> None:
    with pytest.raises(AudioError, match="float32"):
        engine().listen().feed(samples)


def test_an_unknown_option_of_listen_suggests_the_nearest(engine: Any) -> None:
    for name, nearest in (("stepp", "'step'"), ("beam_sizes", "'beam_size'")):
        options: Any = {name: 1}
        with raises(OptionError, nearest, option=name):
            engine().listen(**options)
