"""Words and segments without length."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unispeech.stages import stitch
from unispeech.stages.word_times import repaired
from unispeech.types import Chunk, ChunkResult, Samples, Segment, Word

SILENCE: Samples = np.zeros(0, np.float32)
TIMES = st.integers(0, 3000).map(lambda ms: ms / 100)


def word(start: float, end: float) -> Word:
    return Word(start, end, " x", 1.0, characters=(Word(start, end, "x", 1.0),))


def test_a_word_without_length_takes_time_from_the_next() -> None:
    before, empty, after = word(13.0, 13.628), word(13.628, 13.628), word(13.628, 14.0)
    segment = Segment(0, 13.0, 14.0, " x x x", (before, empty, after))
    first, second, third = repaired(segment, 13.0, 14.0).words
    assert first is before
    assert (second.start, second.end) == (13.628, 13.648) == (third.start - 0.02, third.start)
    assert third.end == 14.0 and third.characters[0].start == 13.648


def test_the_last_word_takes_time_from_the_word_before() -> None:
    segment = Segment(0, 0.0, 1.0, " x x", (word(0.0, 1.0), word(1.0, 1.0)))
    first, second = repaired(segment, 0.0, 1.0).words
    assert (first.end, second.start, second.end) == (0.98, 0.98, 1.0)


@given(st.lists(st.tuples(TIMES, TIMES), max_size=8), TIMES, TIMES)
def test_placed_words_last_whatever_a_backend_returns(
    times: list[tuple[float, float]], start: float, end: float
) -> None:
    words = tuple(word(a, b) for a, b in times)
    result = ChunkResult((Segment(0, start, end, " x" * (len(times) or 1), words),))
    segments = stitch.place(Chunk(SILENCE, 100.0, 130.0), result, 0)  # cut into sentences
    at = 100.0
    for segment in segments:
        assert segment.start < segment.end
        for placed in segment.words:
            assert at <= placed.start < placed.end <= segment.end
            (letter,) = placed.characters
            assert placed.start <= letter.start <= letter.end <= placed.end
            at = placed.end
    assert sum(len(segment.words) for segment in segments) == len(times)


def test_segments_at_the_end_of_a_chunk_last() -> None:
    empty = Segment(0, 30.0, 30.0, " x")
    for segment in stitch.place(Chunk(SILENCE, 0.0, 30.0), ChunkResult((empty, empty)), 0):
        assert segment.start < segment.end


def test_segments_without_room_take_it_from_those_before() -> None:
    words = tuple(word(0.5, 1.0) for _ in range(3))
    first = Segment(0, 0.0, 1.0, " x x x", words)
    empty = Segment(1, 1.0, 1.0, " x x", (word(1.0, 1.0), word(1.0, 1.0)))
    segments = stitch.in_order([first, empty, empty], 0.0, 1.0)
    at = 0.0
    for segment in segments:
        assert at <= segment.start < segment.end <= 1.0
        assert all(segment.start <= w.start < w.end <= segment.end for w in segment.words)
        at = segment.end


def test_words_that_last_stay_as_they_are() -> None:
    segment = Segment(0, 0.0, 1.0, " x x", (word(0.0, 0.001), word(0.2, 0.9)))
    assert repaired(segment, 0.0, 1.0) is segment
