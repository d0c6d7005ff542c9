"""Stretches of one language in a chunk, from the scores of its parts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unispeech.stages import spoken, stitch
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, LanguageScore, Segment, Span

LENGTH = 20
PROBABILITIES = st.fixed_dictionaries({"de": st.floats(0, 1), "en": st.floats(0, 1)})


def chunk(*speech: tuple[float, float]) -> Chunk:
    sound = np.random.default_rng(0).normal(0, 0.1, LENGTH * SAMPLE_RATE).astype(np.float32)
    spans = tuple(Span(100.0 + a, 100.0 + b) for a, b in speech or ((0.0, LENGTH),))
    return Chunk(sound, 100.0, 100.0 + LENGTH, spans)


def scores(*languages: str) -> list[LanguageScore]:
    """Parts of 3 s, a second apart, in each of which one language is nearly certain."""
    return [
        LanguageScore(float(i), i + 3.0, ((language, 0.95), ("la", 0.05)))
        for i, language in enumerate(languages)
    ]


def part(start: float, language: str, probability: float = 0.95) -> LanguageScore:
    return LanguageScore(start, start + 3.0, ((language, probability), ("la", 0.01)))


def cut(whole: Chunk, stretches: list[spoken.Stretch]) -> list[Chunk]:
    return [whole.part(s.start, s.end, s.language) for s in stretches]


def languages(result: list[spoken.Stretch]) -> list[str]:
    return [stretch.language for stretch in result]


@given(st.lists(PROBABILITIES, min_size=1, max_size=18))
def test_stretches_join_to_the_chunk(parts: list[dict[str, float]]) -> None:
    rows = [LanguageScore(float(i), i + 3.0, tuple(p.items())) for i, p in enumerate(parts)]
    whole = chunk()
    found = spoken.stretches(whole, rows)
    assert found[0].start == 0.0 and found[-1].end == LENGTH
    for before, after in zip(found, found[1:], strict=False):
        assert before.end == after.start and before.language != after.language
    pieces = cut(whole, found)
    assert np.array_equal(np.concatenate([piece.samples for piece in pieces]), whole.samples)
    assert sum(piece.speech_duration for piece in pieces) == pytest.approx(whole.speech_duration)


def test_a_change_is_cut_at_the_pause_near_it() -> None:
    found = spoken.stretches(chunk((0, 9.2), (9.6, 20)), scores(*["de"] * 9, *["en"] * 9))
    assert languages(found) == ["de", "en"]
    assert 9.2 < found[0].end < 9.6


def test_a_doubtful_part_is_no_change_of_language() -> None:
    assert languages(spoken.stretches(chunk(), scores(*["de"] * 9, "fi", *["de"] * 8))) == ["de"]


def test_silence_has_no_language() -> None:
    parts = scores(*["de"] * 8, *["ja"] * 10)
    assert languages(spoken.stretches(chunk((0, 9.5)), parts)) == ["de"]


def test_three_seconds_of_another_language_are_found() -> None:
    parts = scores(*["en"] * 7, *["fr"] * 4, *["en"] * 7)
    assert languages(spoken.stretches(chunk(), parts)) == ["en", "fr", "en"]


def test_a_short_utterance_between_pauses_may_be_in_another_language() -> None:
    speech = (0.0, 8.0), (9.0, 10.0), (11.0, 20.0)
    parts = [part(0.5, "de"), part(4.5, "de"), part(8.0, "zh", 0.7), part(11.5, "de")]
    assert languages(spoken.stretches(chunk(*speech), parts)) == ["de", "zh", "de"]
    assert languages(spoken.stretches(chunk(), parts)) == ["de"]


def test_short_parts_place_a_change_without_a_pause() -> None:
    coarse = scores(*["de"] * 9, *["en"] * 9)
    spans = spoken.parts_at_changes(chunk(), coarse)
    assert all(length == 1.0 and 6.9 < start < 13.0 for start, length in spans)
    short = [
        LanguageScore(s, s + 1.0, ((("de" if s < 8.4 else "en"), 0.9), ("la", 0.1)))
        for s, _ in spans
    ]
    found = spoken.stretches(chunk(), spoken.refined(chunk(), coarse, short))
    assert languages(found) == ["de", "en"] and abs(found[0].end - 8.9) < 0.5
    paused = chunk((0, 10.0), (11.0, 20.0))
    assert not spoken.parts_at_changes(paused, coarse)


def tiles(*probabilities: tuple[str, float]) -> list[LanguageScore]:
    """Tiles of 5 s, of each of which the likeliest language is given."""
    return [
        LanguageScore(5.0 * i, 5.0 * i + 5.0, (likeliest, ("la", 0.01)))
        for i, likeliest in enumerate(probabilities)
    ]


def test_only_tiles_in_doubt_are_looked_at_in_parts() -> None:
    certain, doubtful = ("en", 0.95), ("en", 0.6)
    assert not spoken.parts_in_doubt(chunk(), tiles(*[certain] * 4))
    looked_at = spoken.parts_in_doubt(chunk(), tiles(certain, doubtful, certain, certain))
    middles = [start + length / 2 for start, length in looked_at]
    assert len(middles) >= 4 and all(5.0 <= middle <= 10.0 for middle in middles)


def test_a_part_that_is_likely_in_another_language_may_be_a_change() -> None:
    assert spoken.may_change(chunk(), tiles(*[("en", 0.95)] * 3, ("fr", 0.6)))
    assert not spoken.may_change(chunk(), tiles(*[("en", 0.95)] * 3, ("fr", 0.4)))


def test_the_language_of_a_chunk_is_uncertain_if_its_mean_probability_is_low() -> None:
    assert spoken.is_unsure(chunk(), tiles(*[("en", 0.5)] * 4))
    assert not spoken.is_unsure(chunk(), tiles(*[("en", 0.9)] * 3, ("en", 0.5)))


@given(st.lists(st.tuples(st.floats(0.1, 4.0), st.floats(0.0, 2.0)), min_size=1, max_size=5))
def test_no_part_reaches_from_one_utterance_into_another(spans: list[tuple[float, float]]) -> None:
    at, speech = 1.5, []
    for length, pause in spans:
        speech.append((at, at + length))
        at += length + max(pause, 0.5)
    starts = [start for start, _ in speech]
    middles = [start + length / 2 for start, length in spoken.parts(chunk(*speech))]
    assert all(any(a <= m <= b for a, b in speech) for m in middles), (speech, middles)
    assert len(middles) >= len(starts)


def test_the_language_of_a_piece_is_the_likeliest_inside_and_alone() -> None:
    whole = chunk()
    stretch = spoken.Stretch(0.0, 10.0, "fr")
    piece = whole.part(0.0, 10.0, None)
    around = [part(2.0, "fr", 0.5), part(15.0, "en")]
    assert spoken.agreed(piece, stretch, around, [part(2.0, "fr", 0.9)]) == "fr"
    assert spoken.agreed(piece, stretch, around, [part(2.0, "pt", 0.99)]) == "pt"
    assert spoken.agreed(piece, stretch, [], [part(2.0, "pt", 0.6)]) == "pt"


def test_a_language_without_text_is_a_gap() -> None:
    whole = chunk()
    pieces = cut(whole, [spoken.Stretch(0, 10, "de"), spoken.Stretch(10, LENGTH, "en")])
    said = ChunkResult((Segment(0, 0.0, 10.0, " Guten Tag. Es regnet."),))
    joined = spoken.joined(whole, pieces, [said, ChunkResult(())])
    assert [s.language for s in joined.segments] == ["de", "de"]
    assert stitch.gaps(whole, joined)
    assert not stitch.gaps(whole, spoken.joined(whole, pieces, [said, said]))


def test_a_result_is_split_by_language_for_what_follows() -> None:
    whole = chunk()
    segments = (
        Segment(0, 0.0, 4.0, " Eins.", language="de"),
        Segment(1, 5.0, 9.0, " Zwei.", language="de"),
        Segment(2, 11.0, 19.0, " Three.", language="en"),
    )
    parts = list(stitch.by_language(whole, ChunkResult(segments)))
    assert [(part.language, part.start, part.end) for part, _ in parts] == [
        ("de", 100.0, 110.0),
        ("en", 110.0, 120.0),
    ]
    placed = [s for part, result in parts for s in stitch.place(part, result, 0)]
    assert [(s.start, s.end, s.text) for s in placed] == [
        (100.0, 104.0, " Eins."),
        (105.0, 109.0, " Zwei."),
        (111.0, 119.0, " Three."),
    ]
