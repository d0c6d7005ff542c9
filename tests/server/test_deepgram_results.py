"""Deepgram's parameters and results, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from unispeech.errors import OptionError
from unispeech.realtime.events import Event
from unispeech.server.dialects.deepgram import results
from unispeech.server.dialects.deepgram.live import LiveResults
from unispeech.server.dialects.deepgram.parameters import (
    MAX_ENDPOINT,
    MIN_ENDPOINT,
    UNSUPPORTED,
    Parameters,
)
from unispeech.server.speech.streams import StreamMessage
from unispeech.types import Segment, Transcript, Word


def parameters(query: str = "", is_live: bool = False) -> Parameters:
    return Parameters(QueryParams(query), is_live)


def word(start: float, text: str, speaker: str | None = None) -> Word:
    return Word(start, start + 0.4, text, 0.5, speaker)


def transcript(*words: Word, language: str = "en") -> Transcript:
    segment = Segment(0, words[0].start, words[-1].end, "".join(w.word for w in words), words)
    return Transcript(segment.text, language, 9.0, (segment,), "faster", "tiny")


def test_speakers_are_numbered_in_order_of_appearance() -> None:
    spoken = transcript(
        word(0.0, " Hello,", "SPEAKER_01"),
        word(0.5, " you.", "SPEAKER_01"),
        word(1.0, " Hi!", "SPEAKER_00"),
        word(3.0, " So?", "SPEAKER_00"),
    )
    body = results.recording(
        spoken, parameters("diarize=true&utterances=true&paragraphs=true&punctuate=true")
    )
    best = body["channels"][0]["alternatives"][0]
    assert [w["speaker"] for w in best["words"]] == [0, 0, 1, 1]
    assert best["transcript"] == "Hello, you. Hi! So?"
    assert [(u["speaker"], u["transcript"]) for u in body["utterances"]] == [
        (0, "Hello, you."), (1, "Hi!"), (1, "So?"),
    ]  # fmt: skip
    assert best["paragraphs"]["transcript"] == "Hello, you.\n\nHi!\n\nSo?"
    assert body["utterances"][1]["start"] == 1.0 and body["utterances"][1]["confidence"] == 0.5


def test_text_without_punctuation_keeps_apostrophes_and_drops_lone_marks() -> None:
    spoken = transcript(word(0.0, " Don't"), word(0.5, " -"), word(1.0, " stop!"))
    best = results.recording(spoken, parameters())["channels"][0]["alternatives"][0]
    assert best["transcript"] == "don't stop"
    assert [w["word"] for w in best["words"]] == ["don't", "stop"]


def test_the_detected_language_is_named_on_request() -> None:
    spoken = transcript(word(0.0, " Ja"), language="de")
    assert results.recording(spoken, parameters())["channels"][0]["detected_language"] == "de"
    assert (
        "detected_language"
        not in results.recording(spoken, parameters("language=de"))["channels"][0]
    )


def test_features_that_are_off_are_accepted() -> None:
    query = "&".join(f"{name}=false" for name in UNSUPPORTED)
    assert parameters(query).ignored == []
    assert parameters("numerals=true&diarize=true&no_delay=true").ignored == [
        "numerals",
        "no_delay",
    ]
    for name in UNSUPPORTED:
        with pytest.raises(OptionError, match=name):
            parameters(f"{name}=true")


@given(st.integers(0, 10**7))
def test_endpoints_are_within_the_limits_of_a_session(milliseconds: int) -> None:
    endpoint = parameters(f"endpointing={milliseconds}").endpoint
    assert endpoint is not None and MIN_ENDPOINT <= endpoint <= MAX_ENDPOINT


@pytest.mark.parametrize("value", ["nan", "-1", "inf", "x", "1e400"])
def test_malformed_numbers_are_rejected(value: str) -> None:
    with pytest.raises(OptionError):
        parameters(f"endpointing={value}")


def message(kind: str, start: float = 0.0, end: float = 0.0, text: str = "") -> StreamMessage:
    event = Event(kind, start, end, text, (Word(start, end, text, 0.9),))  # type: ignore[arg-type]
    return StreamMessage(1, "event", event)


def test_the_last_words_of_a_phrase_are_speech_final() -> None:
    live = LiveResults(parameters("vad_events=true&utterance_end_ms=1000", True), "faster", "tiny")
    assert [m["type"] for m in live.of(message("partial", 0.1, 0.5, "One"))] == ["SpeechStarted"]
    assert live.of(message("final", 0.1, 0.5, "One")) == [] and live.is_holding
    (first,) = live.of(message("final", 0.5, 0.9, " two."))
    assert first["is_final"] and not first["speech_final"]
    (last,) = live.of(message("endpoint", 0.1, 0.9, "One two."))
    assert last["speech_final"] and last["channel"]["alternatives"][0]["transcript"] == "two"
    assert (last["start"], last["duration"]) == (0.5, 0.4)
    assert live.at(1.8) == []
    (end,) = live.at(1.9)
    assert end == {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 0.9}
    assert live.at(9.0) == []


def test_a_finalize_is_answered_once_even_without_words() -> None:
    live = LiveResults(parameters("endpointing=false", True), "faster", "tiny")
    live.finalizing = 2
    assert live.of(message("final", 0.1, 0.5, "One")) == []
    assert live.of(message("endpoint", 0.1, 0.5, "One")) == []
    for text in ("one", ""):
        (answer,) = live.of(StreamMessage(1, "flushed"))
        assert answer["from_finalize"] and answer["speech_final"]
        assert answer["channel"]["alternatives"][0]["transcript"] == text
