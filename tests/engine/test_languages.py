"""Recordings that change their language, with real weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.types import SAMPLE_RATE, Samples, Transcript

pytestmark = pytest.mark.slow

GERMAN = "folgen sie dem Weg bis zum Fluss"
ENGLISH = "follow the path down to the river"


def transcribe(engine: Callable[..., Engine], *names: str, **options: object) -> Transcript:
    """The clips one after the other, without a pause."""
    sound = np.concatenate([_trimmed(load(SAMPLES / f"{name}.wav")) for name in names])
    loaded = engine("faster", "base")
    return loaded.transcribe(sound, SAMPLE_RATE, beam_size=1, **options)  # type: ignore[arg-type]


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return samples[loud[0] : loud[-1]]


@pytest.mark.parametrize("names", [("german", "english"), ("english", "german")])
def test_both_languages_of_a_chunk_are_transcribed(
    engine: Callable[..., Engine], names: tuple[str, str]
) -> None:
    transcript = transcribe(engine, *names)
    text = transcript.text.lower()
    assert ENGLISH in text and GERMAN.lower() in text
    assert {segment.language for segment in transcript.segments} == {"de", "en"}
    first = transcript.segments[0].language
    assert first == {"german": "de", "english": "en"}[names[0]]
    assert not transcript.gaps


def test_the_language_of_most_of_the_speech_is_the_main_one(
    engine: Callable[..., Engine],
) -> None:
    transcript = transcribe(engine, "english", "german", "german")
    assert transcript.language == "de"
    assert transcript.languages == ("de", "en")


def test_language_per_chunk_warns_and_changes_nothing(engine: Callable[..., Engine]) -> None:
    with pytest.warns(DeprecationWarning, match="language_per_chunk"):
        transcript = transcribe(engine, "german", "english", language_per_chunk=True)
    assert set(transcript.languages) == {"de", "en"} and not transcript.warnings


def test_a_given_language_is_that_of_all_text(engine: Callable[..., Engine]) -> None:
    transcript = transcribe(engine, "german", "english", language="en")
    assert {segment.language for segment in transcript.segments} == {"en"}
    assert transcript.languages == ("en",)
