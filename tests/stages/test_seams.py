"""Words at cuts without a pause: which cuts are doubtful, and what becomes of both texts."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unispeech.engine import seams as stage
from unispeech.stages import seams, stitch
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Gap, Segment, Span, Word

Decoded = tuple[Chunk, ChunkResult]
NAMES = [a + b for a in "bdfgklmnprst" for b in ("ain", "ond", "urk", "elp")]
"""Words that differ from each other."""


def decoded(
    text: str, start: float, end: float, *, times: bool = False, pause: float = 0
) -> Decoded:
    """A chunk with speech from its start to `pause` seconds before its end, and its text."""
    sound = np.zeros(round((end - start) * SAMPLE_RATE), np.float32)
    chunk = Chunk(sound, start, end, (Span(start, end - pause),), language="en", index=int(start))
    parts = [f" {word}" for word in text.split()]
    step = (end - start) / max(1, len(parts))
    words = tuple(
        Word(n * step, (n + 1) * step, part, 1.0) for n, part in enumerate(parts) if times
    )
    segment = Segment(0, 0.0, end - start, "".join(parts), words, language="en")
    return chunk, ChunkResult((segment,))


def mended(left: str, right: str, seam: str, *, times: bool = False) -> str | None:
    before, after = decoded(left, 0, 20, times=times), decoded(right, 20, 40, times=times)
    both = seams.mended(before, after, decoded(seam, 15, 25, times=times))
    if both is None:
        return None
    for chunk, result in both:
        (segment,) = result.segments
        assert not times or "".join(w.word for w in segment.words) == segment.text
        starts = [w.start for placed in stitch.place(chunk, result, 0) for w in placed.words]
        assert starts == sorted(starts) and len(starts) == len(segment.words)
    return (both[0][1].text + both[1][1].text).strip()


def test_a_seam_after_a_pause_is_not_used_at_the_next_cut() -> None:
    first, second = decoded("he took the", 0, 20, pause=0.5), decoded("house and", 20, 40)
    seam = decoded("took the boat house", 15, 25)
    seam = replace(seam[0], index=seams.FIRST_INDEX), seam[1]
    third = decoded("went home", 40, 60)
    assert list(stage.mended([first, seam, second, third], lambda chunk: seam[1])) == [
        first, second, third,
    ]  # fmt: skip


@pytest.mark.parametrize("times", [False, True])
@pytest.mark.parametrize(
    ("left", "right", "seam", "text"),
    [
        ("affairs of the settlement.", "Epic of pristine simplicity",
         "of the settlement. At that epoch of pristine simplicity",
         "affairs of the settlement. At that epoch of pristine simplicity"),
        ("he took the settle", "ment and went home", "he took the settlement and went home",
         "he took the settlement and went home"),
        ("he took the house", "house and went home", "he took the house and went home",
         "he took the house and went home"),
        ("we went home.", "Then it rained all day", "we went home. Then it rained all day",
         "we went home. Then it rained all day"),
        ("we went home so late", "then it rained all day", "we went home then it rained all day",
         "we went home so late then it rained all day"),
    ],
)  # fmt: skip
def test_words_at_a_cut_come_from_the_text_of_both_sides(
    left: str, right: str, seam: str, text: str, times: bool
) -> None:
    assert mended(left, right, seam, times=times) == text


@pytest.mark.parametrize("seam", ["", "something else was said there", "we went home"])
def test_a_text_that_agrees_with_one_side_only_mends_nothing(seam: str) -> None:
    assert mended("in the evening we went home", "and so it rained all day", seam) is None


def test_characters_are_compared_in_languages_without_spaces() -> None:
    def chinese(item: Decoded) -> Decoded:
        chunk, result = item
        segment = replace(result.segments[0], text=result.text.strip(), language="zh")
        return replace(chunk, language="zh"), ChunkResult((segment,))

    left, right, seam = (
        chinese(decoded(text, *span))
        for text, span in [
            ("今天天气很好", (0, 20)), ("一起去公园散步吧", (20, 40)),
            ("天气很好我们一起去公园", (15, 25)),
        ]
    )  # fmt: skip
    both = seams.mended(left, right, seam)
    assert both and both[0][1].text + both[1][1].text == "今天天气很好我们一起去公园散步吧"


@given(
    st.permutations(NAMES), st.integers(12, 30), st.integers(0, 3), st.integers(0, 3), st.booleans()
)
def test_words_lost_on_either_side_of_a_cut_are_found(
    words: list[str], cut: int, before: int, after: int, times: bool
) -> None:
    left, right = words[: cut - before], words[cut + after :]
    seam = words[cut - 10 : cut + 10]
    assert mended(" ".join(left), " ".join(right), " ".join(seam), times=times) == " ".join(words)


@given(*[st.lists(st.sampled_from(NAMES[:8]), min_size=1, max_size=9)] * 3, st.integers(0, 4))
def test_joining_never_loses_a_word_without_its_copy(
    left: list[str], right: list[str], between: list[str], overlap: int
) -> None:
    seam = [*left[:-overlap], *between, *right[overlap:]]
    text = mended(" ".join(left), " ".join(right), " ".join(seam))
    joined = text.split() if text is not None else left + right
    lost = set(left + right) - set(joined)
    assert not lost or len(joined) >= len(left + right)


def test_only_cuts_without_a_pause_are_decoded_again() -> None:
    right = decoded("and then", 20, 40)[0]
    assert seams.lacks_pause(decoded("first", 0, 20)[0], right)
    assert not seams.lacks_pause(decoded("first", 0, 20, pause=0.2)[0], right)
    assert not seams.lacks_pause(decoded("first", 0, 19)[0], right)
    assert not seams.lacks_pause(decoded("first", 0, 20)[0], replace(right, language="de"))


def test_a_seam_is_planned_before_the_chunk_on_its_right() -> None:
    chunks = [
        decoded("", *span, pause=pause)[0]
        for span, pause in [((0, 20), 0.0), ((20, 40), 1.0), ((40, 60), 0.0)]
    ]

    def spoken() -> Generator[Chunk, None, str]:
        yield from chunks
        return "en"

    found, language = drained(stage.planned(spoken(), (12.0, 30.0)))
    assert [seams.is_seam(chunk) for chunk in found] == [False, True, False, False]
    seam = found[1]
    assert (seam.start, seam.end, seam.window, seam.language) == (15.0, 25.0, 12.0, "en")
    assert len(seam.samples) == 10 * SAMPLE_RATE
    assert [chunk for chunk in found if chunk is not seam] == chunks and language == "en"


def drained(chunks: Generator[Chunk, None, str]) -> tuple[list[Chunk], str]:
    found = []
    while True:
        try:
            found.append(next(chunks))
        except StopIteration as end:
            return found, end.value


def seam_of(left: Decoded, right: Decoded, text: str, language: str = "en") -> Decoded:
    chunk = seams.around(left[0], right[0])
    segment = decoded(text, chunk.start, chunk.end)[1].segments[0]
    return chunk, ChunkResult((replace(segment, language=language),))


def never(chunk: Chunk) -> ChunkResult:
    raise AssertionError("decoded again")


@pytest.mark.parametrize(
    ("answer", "is_gap"),
    [
        ("in the evening we went home at once and so it rained all day", False),
        ("quite another text, of which neither of the sides has a word", True),
    ],
)
def test_a_cut_that_cannot_be_mended_becomes_a_gap(answer: str, is_gap: bool) -> None:
    left = decoded("in the evening we went home", 0, 20)
    right = decoded("and so it rained all day long for us", 20, 40, pause=1)
    items: list[str | Decoded] = ["opened", left, seam_of(left, right, answer), right, "end"]
    out = list(stage.mended(items, never))
    assert out[0] == "opened" and out[-1] == "end"
    gaps = [item for item in out if isinstance(item, Gap)]
    assert [(gap.start, gap.end) for gap in gaps] == ([(19.0, 21.0)] if is_gap else [])
    parts = [item for item in out if isinstance(item, tuple)]
    assert [chunk for chunk, _ in parts] == [left[0], right[0]]
    assert ("at once" in "".join(result.text for _, result in parts)) is not is_gap


def test_a_seam_in_another_language_is_decoded_in_that_of_both_sides() -> None:
    left, right = decoded("in the evening we went home", 0, 20), decoded("and so it rained", 20, 40)
    seam = seam_of(left, right, "am Abend gingen wir", language="de")
    asked: list[str | None] = []

    def fake_decode(chunk: Chunk) -> ChunkResult:
        asked.append(chunk.language)
        return seam_of(left, right, "in the evening we went home at once and so it rained")[1]

    out = [
        item for item in stage.mended([left, seam, right], fake_decode) if not isinstance(item, Gap)
    ]
    assert asked == ["en"]
    assert "at once" in "".join(result.text for _, result in out)


@pytest.mark.parametrize("other", [("", "en"), ("und so regnete es", "de")])
def test_a_cut_without_text_in_one_language_on_both_sides_stays(other: tuple[str, str]) -> None:
    text, language = other
    left, right = decoded("in the evening", 0, 20), decoded(text, 20, 40)
    segment = replace(right[1].segments[0], language=language)
    right = right[0], ChunkResult((segment,))
    seam = seam_of(left, right, "in the evening we went home")
    assert list(stage.mended([left, seam, right], never)) == [left, right]


def test_chunks_that_end_in_a_pause_are_not_held_back() -> None:
    stream = iter([decoded("first", 0, 20, pause=1), decoded("second", 20, 40)])
    assert next(stage.mended(stream, never))
    assert next(stream)
