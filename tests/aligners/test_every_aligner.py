"""Every aligner in the engine's chain, on texts and sounds that do not belong together.

No word is lost, ends before it starts, overlaps the next, or lies outside its segment or the sound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.samples import SAMPLES
from support.small_mms import MODEL
from unispeech.annotate.annotation import Annotator
from unispeech.audio.recording import load
from unispeech.backends.loaded import LoadedModels
from unispeech.call import Call
from unispeech.models.attention_bias import Bias
from unispeech.options import TranscribeOptions
from unispeech.stages import stitch
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Segment, Span, Word

ENGLISH = load(SAMPLES / "english.wav")
RNG = np.random.default_rng(0)
CHORD = np.sin(np.outer(np.arange(3 * SAMPLE_RATE), (0.086, 0.108, 0.129))).sum(axis=1) * 0.2
SOUNDS = {
    "speech": ENGLISH[: 6 * SAMPLE_RATE],
    "silence": np.zeros(2 * SAMPLE_RATE, np.float32),
    "noise": RNG.standard_normal(2 * SAMPLE_RATE).astype(np.float32) * 0.1,
    "music": CHORD.astype(np.float32),
    "a moment": ENGLISH[4000:5600],
}
ALIGNERS: dict[str, dict[str, Any]] = {
    "soundswallower": {"aligner": "soundswallower"},
    "ctc": {"aligner": "ctc", "align_model": str(MODEL)},
    "attention": {"aligner": "attention"},
    "none": {"aligner": "none"},
}
BIAS = Bias(0.09, -0.05)
WORDS = st.one_of(
    st.sampled_from(
        ["the", "little", "bonjour", "l'été", "Straße", "1984", "$5.50", "—", "NASA", "中文", "и"]
    ),
    st.text(min_size=1, max_size=8).filter(lambda text: not any(map(str.isspace, text))),
)
TIMES = st.tuples(st.floats(-2, 9), st.floats(-2, 9))


@pytest.fixture(scope="module")
def models() -> LoadedModels:
    return LoadedModels()


def check(segments: tuple[Segment, ...], text: str, start: float, end: float) -> None:
    assert "".join(segment.text for segment in segments).split() == text.split()
    at = start
    for segment in segments:
        assert at <= segment.start <= segment.end <= end + 1e-9
        at = segment.start
        if segment.words:
            assert "".join(word.word for word in segment.words).split() == segment.text.split()
        for word in segment.words:
            assert at <= word.start <= word.end <= segment.end
            at = word.end
        at = segment.end


@pytest.mark.parametrize("name", ALIGNERS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.lists(WORDS, min_size=1, max_size=40),
    times=st.lists(TIMES, max_size=40),
    sound=st.sampled_from(sorted(SOUNDS)),
    language=st.sampled_from(["en", "fr", "de", "zh", None]),
    speech=st.lists(TIMES, max_size=2),
    phones=st.booleans(),
)
def test_no_word_is_lost_or_out_of_order(
    models: LoadedModels,
    name: str,
    words: list[str],
    times: list[tuple[float, float]],
    sound: str,
    language: str | None,
    speech: list[tuple[float, float]],
    phones: bool,
) -> None:
    if name == "ctc":
        pytest.importorskip("transformers")
    samples = SOUNDS[sound]
    length = len(samples) / SAMPLE_RATE
    text = "".join(" " + word for word in words)
    own = tuple(
        Word(min(times[number % len(times)]), max(times[number % len(times)]), " " + word, 0.5)
        for number, word in enumerate(words)
        if times
    )
    spans = tuple(Span(10 + min(pair), 10 + max(pair)) for pair in speech)
    chunk = Chunk(samples, 10.0, 10.0 + length, language=language, speech=spans)
    options = TranscribeOptions.of(word_timestamps=True, phones=phones, **ALIGNERS[name])
    annotator = Annotator(options, "cpu", Call(), models, BIAS)
    warnings: list[str] = []
    result = annotator.decoded(
        chunk, ChunkResult((Segment(0, 0.0, length, text, own),)), warnings.append
    )
    assert result.error is None
    if result.text.strip():
        check(stitch.place(chunk, result, 0), text, chunk.start, chunk.end)
