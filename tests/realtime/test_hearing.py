"""Decoding of one stretch of live sound by a backend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from unispeech.backends.base import Backend
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, TranscribeOptions
from unispeech.realtime.events import Event
from unispeech.realtime.hearing import Hearing
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Segment, Word


class FakeWithoutWordTimes(Backend):
    """Returns the same text for every chunk, without word times."""

    name = "fake"

    def __init__(self, text: str) -> None:
        self._text = text

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        return [ChunkResult((Segment(0, 0.0, 1.0, self._text),)) for _ in chunks]


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        ("zh", "你好吗", ["你", "好", "吗"]),
        ("yue-script_traditional", "你好嗎", ["你", "好", "嗎"]),
        ("tha", "กขค", ["ก", "ข", "ค"]),
        ("eng", " one two", [" one", " two"]),
    ],
)
def test_text_without_word_times_is_spread_over_words(
    code: str, text: str, words: list[str]
) -> None:
    hearing = Hearing(FakeWithoutWordTimes(text), ModelFacts("fake"), TranscribeOptions())
    sound = np.zeros(SAMPLE_RATE, np.float32)
    hypothesis = hearing.draft(Chunk(sound, 0.0, 1.0, language=code), "")
    assert [word.word for word in hypothesis.words] == words
    assert {word.timed_by for word in hypothesis.words} == {"estimated"}


def test_words_of_events_say_how_their_times_were_obtained() -> None:
    word = Word(0.0, 0.5, " yes", 0.9, timed_by="attention")
    (fields,) = Event("final", 0.0, 0.5, " yes", (word,)).json()["words"]
    assert fields["timed_by"] == "attention"
