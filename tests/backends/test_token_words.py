"""Words and their times from tokens with starts."""

from __future__ import annotations

import numpy as np
import pytest

from unispeech.backends import token_words
from unispeech.backends.token_words import Token
from unispeech.types import Chunk, ChunkResult, Span


def result(
    *tokens: tuple[str, float | None],
    language: str = "en",
    speech: tuple[Span, ...] = (Span(10.2, 14.0),),
    words: bool = True,
) -> ChunkResult:
    chunk = Chunk(np.zeros(80_000, np.float32), 10.0, 15.0, speech, language=language)
    return token_words.result(chunk, [Token(t, -0.1, at) for t, at in tokens], words)


def times(found: ChunkResult) -> list[tuple[str, float, float]]:
    return [(w.word, w.start, w.end) for s in found.segments for w in s.words]


def test_a_word_ends_where_the_next_begins() -> None:
    found = result((" gar", 0.4), ("den", 0.56), (" is", 0.88))
    assert times(found)[0] == (" garden", 0.4, 0.88)
    assert found.text == " garden is"


def test_a_word_before_a_pause_ends_after_its_last_token() -> None:
    found = result((" gar", 0.4), ("den", 0.56), (" is", 2.4))
    assert times(found)[0] == (" garden", 0.4, 0.56 + token_words.LONGEST_TOKEN)


def test_a_word_ends_with_the_speech_around_it() -> None:
    found = result((" wait", 0.4), (" now", 2.4), speech=(Span(10.2, 10.7), Span(12.3, 14.0)))
    assert times(found)[0][2] == pytest.approx(0.7)


def test_punctuation_lengthens_no_word() -> None:
    found = result((" so", 0.4), (",", 2.0), (" we", 2.4))
    assert times(found)[0] == (" so,", 0.4, 0.4 + token_words.LONGEST_TOKEN)


def test_a_lone_space_begins_a_word_and_stays_one_space() -> None:
    found = result((" ", 0.4), ("12", 0.48), (" ", 0.8), ("km", 0.88), (" .", 1.2))
    assert [w for w, _, _ in times(found)] == [" 12", " km."]
    assert found.text == " 12 km."


def test_a_lone_space_is_no_word() -> None:
    found = result(("12", 0.48), (" ", 0.8), (" ", 0.9), ("km", 1.0), (" ", 1.2))
    assert [w for w, _, _ in times(found)] == ["12", " km"] and found.text == "12 km"
    found = result(("今", 0.4), (" ", 0.6), ("A", 0.8), (" ", 1.0), language="zh")
    assert [w for w, _, _ in times(found)] == ["今", " A"] and found.text == "今 A"


def test_a_language_without_spaces_has_a_word_per_token() -> None:
    found = result((" 今", 0.4), ("天", 0.6), ("。", 0.8), language="zh")
    assert [w for w, _, _ in times(found)] == [" 今", "天。"]


def test_sentences_have_the_times_of_their_words_even_if_no_words_are_requested() -> None:
    found = result((" stop", 0.4), (".", 0.9), (" go", 2.4), (".", 2.9), words=False)
    assert [(s.text, s.start, s.words) for s in found.segments] == [
        (" stop.", 0.4, ()), (" go.", 2.4, ())
    ]  # fmt: skip


def test_tokens_without_times_are_one_segment() -> None:
    found = result((" stop", None), (".", None), (" go", None))
    assert [(s.text, s.start, s.end) for s in found.segments] == [(" stop. go", 0.0, 5.0)]


def test_words_after_the_end_of_the_chunk_stay_inside() -> None:
    found = result((" a", 4.9), (" b", 5.4), (" c", 5.5), speech=(Span(10.0, 15.0),))
    assert all(0 <= start <= end <= 5.0 for _, start, end in times(found))


def test_no_tokens_are_no_segments() -> None:
    assert result().segments == () and result((" ", 0.3)).segments == ()
