"""Places of translated segments. tests/page/beside.test.js uses the same cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unispeech.text.beside import places, texts_beside
from unispeech.types import Segment

CASES = json.loads((Path(__file__).parents[1] / "beside.json").read_text(encoding="utf-8"))


def segments(spans: list[tuple[float, float]], text: str = " x") -> list[Segment]:
    return [Segment(n, start, end, f"{text}{n}") for n, (start, end) in enumerate(spans)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_translated_segment_belongs_to_one_original(case: dict[str, Any]) -> None:
    found = places(segments(case["originals"]), segments(case["translated"]))
    assert found == case["places"]


def spans() -> st.SearchStrategy[list[tuple[float, float]]]:
    times = st.tuples(st.integers(0, 60), st.integers(0, 12))
    return st.lists(times.map(lambda pair: (pair[0] / 2, (pair[0] + pair[1]) / 2)), max_size=12)


@given(spans(), spans())
def test_nothing_is_nearer_than_the_place(
    originals: list[tuple[float, float]], translated: list[tuple[float, float]]
) -> None:
    found = places(segments(originals), segments(translated))
    assert len(found) == (len(translated) if originals else 0)
    for (start, end), place in zip(translated, found, strict=bool(originals)):
        middle = (start + end) / 2

        def distance(span: tuple[float, float], middle: float = middle) -> tuple[bool, float]:
            return (
                not span[0] <= middle < span[1],
                max(span[0] - middle, middle - span[1], 0),
            )

        assert distance(originals[place]) == min(map(distance, originals))


@given(spans().map(sorted), spans())
def test_nothing_is_lost_and_the_order_is_kept(
    originals: list[tuple[float, float]], translated: list[tuple[float, float]]
) -> None:
    by_middle = segments(sorted(translated, key=sum), "t")
    found = places(segments(originals), by_middle)
    assert found == sorted(found)
    beside = " ".join(texts_beside(segments(originals), by_middle))
    expected = [segment.text for segment in by_middle] if originals else []
    assert beside.split() == expected


def test_segments_without_text_get_no_translation() -> None:
    originals = [Segment(0, 0, 2, " Eins."), Segment(1, 2, 4, " "), Segment(2, 4, 6, " Drei.")]
    assert texts_beside(originals, segments([(0, 2), (2, 4)], "t")) == ["t0 t1", "", ""]
    assert texts_beside(originals[1:2], segments([(0, 2)], "t")) == ["t0"]
