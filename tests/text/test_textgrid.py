"""Praat's TextGrid."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from unispeech.text.formats import render
from unispeech.types import Segment, Transcript, Word


def transcript(*words: Word, duration: float = 3.0) -> Transcript:
    segment = Segment(0, 0.0, duration, "".join(w.word for w in words), words)
    return Transcript(segment.text, "en", duration, (segment,), "faster", "tiny.en")


def intervals(text: str, tier: str) -> list[tuple[float, float, str]]:
    part = text.split(f'name = "{tier}"')[1].split("item [")[0]
    rows = re.findall(r'xmin = ([\d.]+)\n\s+xmax = ([\d.]+)\n\s+text = "((?:[^"]|"")*)"', part)
    return [(float(start), float(end), label.replace('""', '"')) for start, end, label in rows]


def test_words_and_phones_are_tiers_with_pauses_between() -> None:
    phones = (Word(0.5, 0.7, "HH", 1.0), Word(0.7, 1.0, "AY", 1.0))
    text = render(
        transcript(Word(0.5, 1.0, ' "Hi"', 1.0, phones=phones), Word(1.0, 2.0, " there.", 1.0)),
        "textgrid",
    )
    assert text.startswith('File type = "ooTextFile"\nObject class = "TextGrid"\n')
    assert intervals(text, "words") == [
        (0.0, 0.5, ""), (0.5, 1.0, '"Hi"'), (1.0, 2.0, "there."), (2.0, 3.0, ""),
    ]  # fmt: skip
    assert intervals(text, "phones") == [
        (0.0, 0.5, ""), (0.5, 0.7, "HH"), (0.7, 1.0, "AY"), (1.0, 3.0, ""),
    ]  # fmt: skip


def test_without_phones_there_is_no_tier_of_phones() -> None:
    text = render(transcript(Word(0.5, 1.0, " one", 1.0)), "textgrid")
    assert "\nsize = 2\n" in text and '"phones"' not in text


@given(st.lists(st.integers(0, 1500), max_size=20), st.integers(0, 3000))
def test_intervals_cover_the_recording(steps: list[int], duration: int) -> None:
    """Praat refuses tiers with holes, overlaps or intervals without a duration."""
    words, at = [], 0
    for number, step in enumerate(steps):
        words.append(Word(at / 1000, (at + step) / 1000, f" w{number}", 1.0))
        at += step + (step % 3) * 7
    text = render(transcript(*words, duration=duration / 1000), "textgrid")
    found = intervals(text, "words" if words else "segments")
    assert found[0][0] == 0.0
    for (start, end, _), (following, _, _) in zip(found, found[1:], strict=False):
        assert start < end == following
    spoken = " ".join(label for _, _, label in found).split()
    assert spoken == [f"w{number}" for number in range(len(steps))]
