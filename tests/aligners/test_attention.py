"""The times of attention without their bias, and their boundaries at pauses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unispeech.aligners.attention import unbiased
from unispeech.aligners.edges import at_pauses, to_pauses
from unispeech.models.attention_bias import NO_BIAS, Bias, bias
from unispeech.types import SAMPLE_RATE, ChunkResult, Samples, Segment, Word

RNG = np.random.default_rng(0)


def loud(*spans: tuple[float, float], length: float = 3.0) -> Samples:
    """Faint noise, and loud noise in the spans (seconds)."""
    samples = RNG.standard_normal(round(length * SAMPLE_RATE)) * 0.001
    for start, end in spans:
        samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] *= 300
    return samples.astype(np.float32)


def result(*times: tuple[float, float]) -> ChunkResult:
    words = tuple(Word(start, end, f" w{n}", 0.9) for n, (start, end) in enumerate(times))
    return ChunkResult((Segment(0, 0.0, 3.0, "".join(w.word for w in words), words),))


def test_bias_is_removed_at_starts_and_ends_separately() -> None:
    samples = np.zeros(3 * SAMPLE_RATE, np.float32)
    (segment,) = unbiased(samples, result((0.05, 0.6), (0.6, 1.0)), Bias(0.1, 0.05)).segments
    times = [(word.start, word.end) for word in segment.words]
    assert times == [pytest.approx((0.0, 0.55)), pytest.approx((0.55, 0.95))]
    assert {word.timed_by for word in segment.words} == {"attention"}


def test_what_is_not_measured_has_no_bias() -> None:
    assert bias("faster", "a model of my own") == NO_BIAS


def test_whisperx_has_the_bias_of_the_backend_that_times_its_words() -> None:
    assert bias("whisperx", "base") == bias("faster", "base") != NO_BIAS


def test_a_bias_is_removed_only_in_the_languages_that_have_it() -> None:
    late = Bias(0.1, 0.1, ("en",))
    assert (late.of("en"), late.of("fr"), late.of(None)) == (late, NO_BIAS, NO_BIAS)
    assert Bias(0.1, 0.1).of("fr") == Bias(0.1, 0.1)


def test_rough_boundaries_move_to_a_pause_that_is_near() -> None:
    samples = loud((0.5, 1.2), (1.8, 2.6))
    first, second = to_pauses(samples, [(0.4, 1.25), (1.25, 2.55)])
    assert first == pytest.approx((0.5, 1.2), abs=0.03)
    assert second == pytest.approx((1.8, 2.6), abs=0.06)


def test_in_noise_rough_boundaries_stay() -> None:
    samples = RNG.standard_normal(3 * SAMPLE_RATE).astype(np.float32)
    assert to_pauses(samples, [(0.4, 1.25), (1.25, 2.55)]) == [(0.4, 1.25), (1.25, 2.55)]


def test_boundaries_at_a_pause_follow_the_energy() -> None:
    samples = loud((0.5, 1.2), (1.8, 2.6))
    first, second = at_pauses(samples, [(0.54, 1.15), (1.83, 2.57)])
    assert first == pytest.approx((0.49, 1.21), abs=0.02)
    assert second == pytest.approx((1.79, 2.61), abs=0.02)


def test_a_stretched_word_begins_with_its_speech() -> None:
    samples = loud((0.5, 1.2), (4.8, 5.3), length=6.0)
    _, second = at_pauses(samples, [(0.5, 1.2), (2.5, 5.3)])
    assert second == pytest.approx((4.79, 5.31), abs=0.04)
    assert at_pauses(samples, [(1.5, 4.5)])[0][0] < 1.6  # silence alone stays


@given(
    st.lists(st.floats(0, 3), max_size=20),
    st.floats(-0.3, 0.3),
    st.floats(-0.3, 0.3),
    st.sampled_from([0.0, 0.4, 3.0]),
)
def test_words_stay_in_order_and_in_the_sound(
    edges: list[float], start: float, end: float, length: float
) -> None:
    ordered = sorted(edges)
    times = list(zip(ordered, ordered[1:], strict=False))
    samples = loud((0.5, 1.2), (1.8, 2.6), length=length) if length > 2.6 else loud(length=length)
    (segment,) = unbiased(samples, result(*times), Bias(start, end)).segments
    inside = [(word.start, word.end) for word in segment.words]
    for found in (inside, at_pauses(samples, inside)):
        at = 0.0
        for first, last in found:
            assert at <= first <= last <= length + 1e-9
            at = last
