"""Alignment by SoundSwallower, on the clips of the project."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.samples import SAMPLES, reference
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.annotate import words as timed
from unispeech.audio.recording import load
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Segment, Word

ENGLISH = load(SAMPLES / "english.wav")
RNG = np.random.default_rng(0)
SOUNDS = {
    "speech": ENGLISH[: 6 * SAMPLE_RATE],
    "silence": np.zeros(2 * SAMPLE_RATE, np.float32),
    "noise": RNG.standard_normal(2 * SAMPLE_RATE).astype(np.float32) * 0.1,
    "tones": np.sin(np.cumsum(RNG.uniform(0.05, 0.5, 2 * SAMPLE_RATE))).astype(np.float32),
    "nothing": np.zeros(0, np.float32),
    "a moment": ENGLISH[4000:4100],
}


@pytest.fixture(scope="module")
def aligner() -> SoundSwallower:
    return SoundSwallower("en")


def check_invariants(words: list[Word], text: str, length: float) -> None:
    """No word lost, ended before it starts, overlapping the next, or outside the sound."""
    assert "".join(word.word for word in words) == text
    at = 0.0
    for word in words:
        assert at <= word.start <= word.end <= length + 1e-9
        at = word.end
        inside = word.start
        for phone in word.phones:
            assert inside <= phone.start <= phone.end <= word.end
            inside = phone.end


def test_the_words_of_a_clip_are_where_they_are_spoken(aligner: SoundSwallower) -> None:
    text = reference("english").split()
    words = aligner.align(ENGLISH, text, "en", phones=True)
    assert all(word and word.timed_by == "soundswallower" for word in words)
    length = len(ENGLISH) / SAMPLE_RATE
    found = [word for word in words if word]
    assert 0 <= found[0].start < 1 and length - 2 < found[-1].end < length
    assert all(word.phones and word.confidence and word.confidence > 0.4 for word in found)
    assert all(word.phones[0].start == word.start for word in found)
    assert all(word.phones[-1].end == word.end for word in found)


def test_results_do_not_depend_on_earlier_sound(aligner: SoundSwallower) -> None:
    text = reference("english").split()
    first = aligner.align(ENGLISH, text, "en")
    aligner.align(SOUNDS["noise"], ["other", "words"], "en")
    assert aligner.align(ENGLISH, text, "en") == first
    assert SoundSwallower("en").align(ENGLISH, text, "en") == first


def test_unspeakable_words_get_the_time_between_their_neighbours(aligner: SoundSwallower) -> None:
    spoken = reference("english").split()
    text = " " + " ".join([*spoken[:3], "—", *spoken[3:]])
    (result,) = timed.chunk_words(
        aligner,
        Chunk(ENGLISH, 0.0, len(ENGLISH) / SAMPLE_RATE, language="en"),
        ChunkResult((Segment(0, 0.0, 1.0, text),)),
    ).segments
    check_invariants(list(result.words), text, len(ENGLISH) / SAMPLE_RATE)
    dash = result.words[3]
    assert (dash.word, dash.timed_by) == (" —", "estimated")
    assert result.words[2].end <= dash.start <= dash.end <= result.words[4].start


WORDS = st.one_of(
    st.sampled_from(
        ["hello", "world", "1984", "$5.50", "—", "...", "Zorblatt", "NASA", "и", "中文"]
    ),
    st.text(min_size=1, max_size=12).filter(lambda text: not any(map(str.isspace, text))),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(WORDS, min_size=1, max_size=30),
    sound=st.sampled_from(sorted(SOUNDS)),
    rough=st.lists(st.tuples(st.floats(-1, 8), st.floats(-1, 8)), max_size=30),
    phones=st.booleans(),
)
def test_no_word_is_lost_or_out_of_order(
    aligner: SoundSwallower,
    words: list[str],
    sound: str,
    rough: list[tuple[float, float]],
    phones: bool,
) -> None:
    """Random texts, wrong texts and other scripts on speech, silence, noise and nothing."""
    samples = SOUNDS[sound]
    length = len(samples) / SAMPLE_RATE
    own = tuple(
        Word(min(rough[number % len(rough)]), max(rough[number % len(rough)]), " " + word, 0.5)
        if rough
        else Word(0, 0, "", 0)
        for number, word in enumerate(words)
    )
    text = "".join(" " + word for word in words)
    (segment,) = timed.chunk_words(
        aligner,
        Chunk(samples, 10.0, 10.0 + length, language="en"),
        ChunkResult((Segment(0, 0.0, length, text, own),)),
        phones,
    ).segments
    check_invariants(list(segment.words), text, length)


@pytest.mark.parametrize("level", [0.0, 1e-4, 5e-4])
def test_nearly_silent_sound_around_speech_does_no_harm(
    aligner: SoundSwallower, level: float
) -> None:
    """A noise gate, or a studio: longer than the speech, and at other levels than silence."""
    silence = (np.random.default_rng(1).standard_normal(20 * SAMPLE_RATE) * level).astype("f")
    text = reference("english").split()
    plain = aligner.align(ENGLISH, text, "en")
    words = aligner.align(np.concatenate([silence, ENGLISH, silence]), text, "en")
    pairs = [(word, alone) for word, alone in zip(words, plain, strict=True) if word and alone]
    assert len(pairs) == len(text)
    near = [abs(word.start - 20 - alone.start) < 0.1 for word, alone in pairs]
    assert sum(near) > 0.8 * len(near)
