"""Live sessions of a model that decodes while the sound arrives, on a small LSTM transducer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.errors import raises
from support.samples import SAMPLES
from support.sherpa_models import STREAMING
from unispeech import Engine
from unispeech.audio.recording import load
from unispeech.engine.pool import Pool
from unispeech.errors import UnsupportedOption
from unispeech.realtime.events import Event
from unispeech.realtime.session import Session
from unispeech.realtime.streaming import StreamingSession
from unispeech.testing.contract import count_errors
from unispeech.testing.samples import reference, words
from unispeech.types import Samples

BEHIND = 0.6
"""Seconds behind its speech at which the first word appears at the latest."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine("sherpa", STREAMING) as loaded:
        yield loaded


def run(session: Session, samples: Samples, size: int = 2048) -> list[tuple[float, Event]]:
    """Feed all samples; return the events and the seconds fed before each."""
    found = []
    for at in range(0, len(samples), size):
        for event in session.feed(samples[at : at + size]):
            found.append((min(at + size, len(samples)) / 16_000, event))
    return found + [(len(samples) / 16_000, event) for event in session.finish()]


def text(events: list[tuple[float, Event]], kind: str = "final") -> str:
    return "".join(event.text for _, event in events if event.type == kind)


def errors(text: str, sample: str) -> int:
    return count_errors(words(text), words(reference(sample)))


@pytest.mark.parametrize("sample", ["english", "german", "pause"])
def test_words_appear_while_they_are_spoken(engine: Engine, sample: str) -> None:
    session = engine.listen()
    assert isinstance(session, StreamingSession)
    events = run(session, load(SAMPLES / f"{sample}.wav"))
    assert errors(text(events), sample) <= 5, text(events)
    finals = [(at, word) for at, event in events if event.type == "final" for word in event.words]
    times = [time for _, word in finals for time in (word.start, word.end)]
    assert times == sorted(times) and {word.timed_by for _, word in finals} == {"tokens"}
    assert events[0][0] < BEHIND  # the samples begin with speech


def test_the_pause_ends_a_phrase(engine: Engine) -> None:
    events = run(engine.listen(endpoint=1.0), load(SAMPLES / "pause.wav"))
    ends = [(at, event) for at, event in events if event.type == "endpoint"]
    assert len(ends) >= 2 and ends[0][1].end < 5.0 < 14.0 < ends[1][1].start
    assert ends[0][0] < 7.0  # during the pause, not after it
    assert text(events) == text(events, "endpoint")


def test_events_do_not_depend_on_the_pieces(engine: Engine) -> None:
    samples = load(SAMPLES / "pause.wav")
    first, second = (run(engine.listen(), samples, size) for size in (1000, 16_000))
    assert [event for _, event in first] == [event for _, event in second]


def test_a_flush_ends_the_phrase_and_the_stream_goes_on(engine: Engine) -> None:
    samples = load(SAMPLES / "pause.wav")
    session = engine.listen()
    fed = list(session.feed(samples[: round(3.6 * 16_000)]))
    flushed = list(session.flush())
    assert [event.type for event in flushed][-1] == "endpoint"
    said = words("".join(event.text for event in [*fed, *flushed] if event.type == "final"))
    assert said[:3] == ["please", "wait", "here"] and said[-1] == "door"
    assert text(run(session, samples[round(14.5 * 16_000) :])).startswith(" thank you")


def test_a_discarded_phrase_leaves_no_words(engine: Engine) -> None:
    samples = load(SAMPLES / "english.wav")
    session = engine.listen()
    fed = list(session.feed(samples[:40_000]))
    session.discard()
    assert fed and not list(session.finish()) and session.time >= 2.5


def test_streams_at_the_same_time_do_not_mix(engine: Engine) -> None:
    names = ("english", "pause")
    sessions = {name: engine.listen() for name in names}
    samples = {name: load(SAMPLES / f"{name}.wav") for name in names}
    found: dict[str, list[Event]] = {name: [] for name in names}
    for at in range(0, max(map(len, samples.values())), 2048):
        for name in names:
            found[name] += sessions[name].feed(samples[name][at : at + 2048])
    for name in names:
        events = [*found[name], *sessions[name].finish()]
        said = "".join(event.text for event in events if event.type == "final")
        assert errors(said, name) <= 5, said


def test_options_of_windows_are_refused(engine: Engine) -> None:
    with raises(UnsupportedOption, "step"):
        engine.listen(step=1.0)
    with pytest.raises(UnsupportedOption, match="hotwords"):
        engine.listen(hotwords="garden")


def test_an_engine_of_the_pool_streams_too() -> None:
    with Pool() as pool, pool.engine("sherpa", STREAMING) as shared:
        assert isinstance(shared.listen(), StreamingSession)


@pytest.mark.slow
def test_an_isolated_model_is_decoded_in_windows() -> None:
    with Engine("sherpa", STREAMING, isolated=True) as isolated:
        session = isolated.listen()
        assert not isinstance(session, StreamingSession)
        assert errors(text(run(session, load(SAMPLES / "english.wav"))), "english") <= 4
