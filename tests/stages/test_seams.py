"""Words at cuts without a pause: which cuts are doubtful, and what becomes of both texts."""

from __future__ import annotations

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


def test_only_cuts_without_a_pause_are_doubtful() -> None:
    right = decoded("and then", 20, 40)
    assert seams.is_doubtful(decoded("first", 0, 20), right)
    assert not seams.is_doubtful(decoded("first", 0, 20, pause=0.2), right)
    assert not seams.is_doubtful(decoded("first", 0, 19), right)
    assert not seams.is_doubtful(decoded("", 0, 20), right)
    chunk, result = right
    german = ChunkResult((replace(result.segments[0], language="de"),))
    assert not seams.is_doubtful(decoded("first", 0, 20), (chunk, german))


@pytest.mark.parametrize(
    ("answer", "is_gap"),
    [
        ("in the evening we went home at once and so it rained all day", False),
        ("quite another text, of which neither of the sides has a word", True),
    ],
)
def test_a_cut_that_cannot_be_mended_becomes_a_gap(answer: str, is_gap: bool) -> None:
    asked: list[Chunk] = []

    def fake_decode(chunk: Chunk) -> ChunkResult:
        asked.append(chunk)
        return decoded(answer, chunk.start, chunk.end)[1]

    items: list[str | Decoded] = [
        "opened", decoded("in the evening we went home", 0, 20),
        decoded("and so it rained all day long for us", 20, 40, pause=1), "end",
    ]  # fmt: skip
    out = list(stage.mended(items, fake_decode, (12.0, 30.0)))
    (seam,) = asked
    assert (seam.start, seam.end, seam.window) == (15.0, 25.0, 12.0)
    assert len(seam.samples) == 10 * SAMPLE_RATE
    assert seam.index >= seams.FIRST_INDEX
    assert out[0] == "opened" and out[-1] == "end"
    gaps = [item for item in out if isinstance(item, Gap)]
    assert [(gap.start, gap.end) for gap in gaps] == ([(19.0, 21.0)] if is_gap else [])
    text = "".join(item[1].text for item in out if isinstance(item, tuple))
    assert ("at once" in text) is not is_gap


def test_chunks_that_end_in_a_pause_are_not_held_back() -> None:
    stream = iter([decoded("first", 0, 20, pause=1), decoded("second", 20, 40)])
    assert next(stage.mended(stream, lambda chunk: pytest.fail("decoded"), (30.0,)))
    assert next(stream)
