"""Subtitles: cutting to a layout, and reports of violations."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from unispeech.text import formats, subtitles
from unispeech.text.layout import cells
from unispeech.text.subtitles import Cue, Layout
from unispeech.types import Segment, Transcript, Word


def transcript(*segments: Segment, duration: float = 60.0, language: str = "en") -> Transcript:
    text = "".join(segment.text for segment in segments)
    return Transcript(text, language, duration, segments, "faster", "base")


def segment(
    text: str, start: float, end: float, speaker: str | None = None, id: int = 0
) -> Segment:
    return Segment(id, start, end, text, speaker=speaker)


def rules(cues: list[Cue], layout: Layout) -> list[tuple[int, str, float]]:
    return [
        (broken.cue, broken.rule, broken.value) for broken in subtitles.violations(cues, layout)
    ]


def test_words_without_times_are_timed_by_their_length() -> None:
    whole = transcript(segment(" abcd efgh ijkl mnop", 10, 18))
    cut = subtitles.cues(whole, Layout(max_line_width=9, max_line_count=1))
    assert [(cue.start, cue.end, cue.text) for cue in cut] == [
        (10, 14, "abcd efgh"), (14, 18, "ijkl mnop"),
    ]  # fmt: skip
    signs = transcript(segment("今天天气很好", 0, 6), language="zh")
    cut = subtitles.cues(signs, Layout(max_line_width=8, max_line_count=1))
    assert [(cue.start, cue.end, cue.text) for cue in cut] == [
        (0, 4, "今天天气"), (4, 6, "很好"),
    ]  # fmt: skip


def test_the_speaker_counts_in_the_first_line() -> None:
    whole = transcript(segment(" abcd efgh ijkl", 0, 3, speaker="Ada"))
    (cue,) = subtitles.cues(whole, Layout(max_line_width=12))
    assert cue.text == "[Ada]: abcd\nefgh ijkl"


def test_text_that_looks_like_a_cue_does_not_break_the_file() -> None:
    whole = transcript(segment(" one\n\n2\n00:00:00,000 --> 00:00:09,000\r\ntwo", 0, 3))
    for layout in (Layout(), Layout(max_line_width=80)):
        blocks = formats.render(whole, "srt", layout).strip().split("\n\n")
        assert len(blocks) == 1 and blocks[0].count("-->") == 1


def test_a_fast_subtitle_is_extended_up_to_the_next() -> None:
    ten = " 3456789012"
    whole = transcript(
        segment(ten, 0, 0.2, id=0), segment(ten, 5, 5.5, id=1), segment(ten, 5.6, 8, id=2),
        segment(ten, 9.8, 10, id=3), duration=10,
    )  # fmt: skip
    layout = Layout(max_cps=10)
    cues = subtitles.cues(whole, layout)
    assert [(cue.start, cue.end) for cue in cues] == [(0, 1), (5, 5.6), (5.6, 8), (9.8, 10)]
    assert rules(cues, layout) == [(2, "max_cps", 16.7), (4, "max_cps", 50)]
    assert [broken.segment for broken in subtitles.violations(cues, layout)] == [1, 3]
    assert subtitles.cues(transcript(), layout) == []


def test_violations_are_reported() -> None:
    cues = [Cue(0, 4, "short"), Cue(3.5, 3.5, "much too long", 7), Cue(3.5, 9, "a\nb\nc")]
    layout = Layout(max_line_width=10, max_line_count=2, max_cps=17)
    assert rules(cues, layout) == [
        (2, "max_line_width", 13), (2, "max_cps", 13_000), (2, "overlap", 0.5),
        (3, "max_line_count", 3),
    ]  # fmt: skip
    first = subtitles.violations(cues, layout)[0]
    assert (first.segment, first.limit, first.text) == (7, 10, "much too long")
    assert rules(cues, Layout()) == [(2, "overlap", 0.5)]


@settings(deadline=None)
@given(
    texts=st.lists(st.text("ab  \n今", min_size=1, max_size=60), min_size=1, max_size=5),
    width=st.integers(2, 20),
    lines=st.integers(1, 3),
)
def test_only_a_long_word_exceeds_the_width_and_no_letter_is_lost(
    texts: list[str], width: int, lines: int
) -> None:
    segments = [segment(text, 2 * i, 2 * i + 1, id=i) for i, text in enumerate(texts)]
    layout = Layout(width, lines, max_cps=15)
    cues = subtitles.cues(transcript(*segments), layout)
    shown_lines = [line for cue in cues for line in cue.text.split("\n")]
    # A line that is too wide is a single word, or a kanji with the letters after it.
    assert all(
        cells.width(line) <= width or (" " not in line and "今" not in line[1:])
        for line in shown_lines
    )
    assert all(cue.text.count("\n") < lines for cue in cues)
    reported = [cue for cue, rule, _ in rules(cues, layout) if rule == "max_line_width"]
    wide = [any(cells.width(line) > width for line in cue.text.split("\n")) for cue in cues]
    assert reported == [number for number, is_wide in enumerate(wide, 1) if is_wide]
    shown = "".join("".join(cue.text.split()) for cue in cues)
    assert shown == "".join("".join(text.split()) for text in texts)
    assert all(cue.start <= cue.end for cue in cues)


def test_words_with_times_keep_them() -> None:
    words = (Word(0.5, 0.9, " Good", 0.9), Word(2.0, 2.5, " morning.", 0.9))
    whole = transcript(Segment(0, 0.5, 2.5, " Good morning.", words))
    cut = subtitles.cues(whole, Layout(max_words_per_line=1))
    assert [(cue.start, cue.end) for cue in cut] == [(0.5, 0.9), (2.0, 2.5)]
