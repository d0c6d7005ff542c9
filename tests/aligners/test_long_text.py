"""Alignment of a text in windows, as for recordings of hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.samples import SAMPLES, reference
from unispeech.aligners import long_text
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.annotate.words import completed_texts
from unispeech.audio.recording import load
from unispeech.stages import stitch
from unispeech.types import SAMPLE_RATE, Samples, Segment, Word

CLIP = load(SAMPLES / "english.wav")
TEXT = reference("english").split()
LENGTH = len(CLIP) / SAMPLE_RATE
RNG = np.random.default_rng(0)
SOUNDS = {
    "speech": np.tile(CLIP, 2),
    "silence": np.zeros(30 * SAMPLE_RATE, np.float32),
    "noise": RNG.standard_normal(20 * SAMPLE_RATE).astype(np.float32) * 0.1,
    "music": np.sin(np.cumsum(RNG.uniform(0.05, 0.5, 20 * SAMPLE_RATE))).astype(np.float32),
    "nothing": np.zeros(0, np.float32),
}


class Recorder(SoundSwallower):
    """The aligner, which notes the seconds of sound that it gets at once."""

    def __init__(self) -> None:
        super().__init__("en")
        self.seconds: list[float] = []

    def align(
        self, samples: Samples, words: Sequence[str], language: str | None, phones: bool = False
    ) -> list[Word | None]:
        self.seconds.append(len(samples) / SAMPLE_RATE)
        return super().align(samples, words, language, phones)

    def align_beginning(
        self, samples: Samples, words: Sequence[str], phones: bool = False
    ) -> list[Word | None]:
        self.seconds.append(len(samples) / SAMPLE_RATE)
        return super().align_beginning(samples, words, phones)


@pytest.fixture(scope="module")
def aligner() -> Recorder:
    return Recorder()


def blocks(samples: Samples) -> Iterator[Samples]:
    for at in range(0, len(samples), 3 * SAMPLE_RATE):
        yield samples[at : at + 3 * SAMPLE_RATE]


def timed(
    aligner: Recorder, samples: Samples, words: Sequence[str], window: float, phones: bool = False
) -> list[Word | None]:
    aligner.seconds = []
    parts = list(long_text.align(aligner, blocks(samples), words, phones, window))
    assert parts[-1][0] == pytest.approx(len(samples) / SAMPLE_RATE)
    return [word for _, part in parts for word in part]


def test_windows_give_the_times_of_the_whole(aligner: Recorder) -> None:
    words = timed(aligner, np.tile(CLIP, 6), TEXT * 6, 15.0)
    assert max(aligner.seconds) < 22.5 < 6 * LENGTH
    once = aligner.align(CLIP, TEXT, "en")
    assert len(words) == 6 * len(TEXT)
    for number, word in enumerate(words):
        alone = once[number % len(TEXT)]
        assert word and alone
        assert word.start == pytest.approx(alone.start + number // len(TEXT) * LENGTH, abs=0.1)
        assert word.end == pytest.approx(alone.end + number // len(TEXT) * LENGTH, abs=0.1)


def test_silence_longer_than_a_window_comes_before_the_text(aligner: Recorder) -> None:
    silence = np.zeros(40 * SAMPLE_RATE, np.float32)
    words = timed(aligner, np.concatenate([silence, CLIP, silence]), TEXT, 15.0)
    assert all(word and 39.9 < word.start <= word.end < 40 + LENGTH for word in words)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(
        st.sampled_from([*TEXT, "1984", "—", "Zorblatt", "中文", "bonjour"]),
        min_size=1, max_size=60,
    ),
    sound=st.sampled_from(sorted(SOUNDS)),
    phones=st.booleans(),
)  # fmt: skip
def test_no_word_of_a_line_is_lost_or_out_of_order(
    aligner: Recorder, words: list[str], sound: str, phones: bool
) -> None:
    """Wrong texts, texts that are too long, and other languages on speech and no speech."""
    samples = SOUNDS[sound]
    length = len(samples) / SAMPLE_RATE
    found = timed(aligner, samples, words, 6.0, phones)
    assert len(found) == len(words)
    lines = [words[at : at + 9] for at in range(0, len(words), 9)]
    texts = [" " + " ".join(line) for line in lines]
    complete = completed_texts(texts, lines, found, length)
    own = [
        Segment(0, line[0].start, line[-1].end, text, tuple(line))
        for text, line in zip(texts, complete, strict=True)
    ]
    segments = stitch.in_order(own, 0.0, length)
    assert [segment.text for segment in segments] == texts
    if not length:
        return
    at = 0.0
    for segment in segments:
        assert at <= segment.start < segment.end <= length + 1e-9
        assert "".join(word.word for word in segment.words) == segment.text
        for word in segment.words:
            assert at <= word.start < word.end <= segment.end
            at = word.end
