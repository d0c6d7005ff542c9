"""Layout of subtitles: breaks, times, speakers, presets, and an exhaustive search to compare."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.errors import raises
from unispeech.errors import OptionError
from unispeech.text import subtitles, timing
from unispeech.text.layout import cells, pieces
from unispeech.text.layout.presets import PRESETS
from unispeech.text.subtitles import Cue, Layout
from unispeech.types import Segment, Transcript, Word

HARD = ("max_line_width", "max_line_count", "max_duration")


def transcript(*segments: Segment, language: str = "en", duration: float = 60.0) -> Transcript:
    text = "".join(segment.text for segment in segments)
    return Transcript(text, language, duration, segments, "faster", "base")


def spoken(text: str, start: float = 0.0, end: float = 10.0, language: str = "en") -> Transcript:
    return transcript(Segment(0, start, end, text), language=language, duration=end + 5)


def lines(text: str, layout: Layout, language: str = "en") -> list[str]:
    cues = subtitles.cues(spoken(text, language=language), layout)
    return [line for cue in cues for line in cue.text.split("\n")]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        (
            " The house of my father is the oldest in it",
            25,
            ["The house of my father", "is the oldest in it"],
        ),
        (" We came home, and then we slept", 26, ["We came home,", "and then we slept"]),
        (
            " It is about two and 15 kilometers to go",
            22,
            ["It is about two and", "15 kilometers to go"],
        ),
        (" This was told by old Dr. Watson", 22, ["This was told", "by old Dr. Watson"]),
        (
            " It would serve to limit the events that",
            24,
            ["It would serve", "to limit the events that"],
        ),
        (
            " The mansion Governor Bellingham built",
            28,
            ["The mansion", "Governor Bellingham built"],
        ),
        (" Il reste 10 000 mots : voici !", 18, ["Il reste 10 000", "mots : voici !"]),
        (" Was kostet das ? Nichts", 16, ["Was kostet das ?", "Nichts"]),
    ],
)
def test_lines_are_balanced_and_break_at_phrases(
    text: str, width: int, expected: list[str]
) -> None:
    assert lines(text, Layout(max_line_width=width)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            " The list counts for aligners and language identification models too.",
            "The list counts for aligners and\nlanguage identification models too.",
        ),
        (
            " Decode German as English, and it may translate the German or leave it out.",
            "Decode German as English, and it may\ntranslate the German or leave it out.",
        ),
        (
            " Die Liste gilt auch für Programme und Modelle, die Sprachen erkennen.",
            "Die Liste gilt auch für Programme\nund Modelle, die Sprachen erkennen.",
        ),
    ],
)
@pytest.mark.parametrize("speed", [12, 16])
def test_a_sentence_that_fits_a_cue_is_one(text: str, expected: str, speed: int) -> None:
    """Although its line break is poorer than the break between two cues would be."""
    language = "de" if text.startswith(" Die") else "en"
    whole = spoken(text, 0.0, len(text) / speed, language)
    (cue,) = subtitles.cues(whole, Layout.preset("bbc"))
    assert cue.text == expected


@pytest.mark.parametrize("duration", [3.78, 3.4])
def test_fast_speech_is_not_cut_to_save_the_spaces_between_cues(duration: float) -> None:
    """At 17 characters a second, the limit, and faster."""
    text = " Another and far more important reason than the delivery of gloves"
    whole = replace(spoken(text, 0.0, duration), duration=duration)
    cues = subtitles.cues(whole, Layout.preset("bbc"))
    assert [cue.text for cue in cues] == [
        "Another and far more important reason\nthan the delivery of gloves"
    ]


def test_a_long_pause_cuts_a_sentence() -> None:
    before, after = " The king stood up and called", " for the book that begins with these words."
    words = (*timing.interpolated(before, 0.0, 2.0), *timing.interpolated(after, 3.0, 5.0))
    whole = transcript(Segment(0, 0.0, 5.0, before + after, words))
    cues = subtitles.cues(whole, Layout.preset("bbc"))
    assert [cue.start for cue in cues] == [0.0, 3.0]


def test_a_word_said_in_a_moment_shares_a_cue_with_the_sentence_before() -> None:
    words = (Word(0.0, 2.7, " Good morning, and welcome to the garden.", 0.9),
             Word(2.7, 3.1, " Indeed.", 0.9))  # fmt: skip
    whole = transcript(Segment(0, 0.0, 3.1, "".join(word.word for word in words), words))
    (cue,) = subtitles.cues(whole, Layout(max_line_width=42, max_line_count=2))
    assert cue.text == "Good morning, and welcome to the garden.\nIndeed."


def test_japanese_and_chinese_break_between_phrases_and_never_before_punctuation() -> None:
    text = "今日は天気がとても良いですね。「明日はどうなるでしょう」と彼女は言いました。"
    shown = lines(text, Layout(max_line_width=20), "ja")
    assert all(cells.width(line) <= 20 for line in shown) and "".join(shown) == text
    assert not any(line[0] in pieces.NO_LINE_START for line in shown)
    assert not any(line[-1] in pieces.NO_LINE_END for line in shown)
    assert shown[:2] == ["今日は天気がとても", "良いですね。「明日は"]
    assert lines("今天天气很好", Layout(max_line_width=8), "zh") == ["今天", "天气很好"]
    counted = lines("他买了四个苹果，等了4个小时。", Layout(max_line_width=10), "zh")
    assert counted == ["他买了", "四个苹果，", "等了4个", "小时。"]


def test_fast_japanese_is_not_cut_inside_a_phrase() -> None:
    text = "てびくのそばへかけてくれました。ゴンはびくの中の魚をつかみ出しました。"
    cues = subtitles.cues(spoken(text, 0.0, 5.0, "ja"), Layout.preset("netflix"))
    shown = [line for cue in cues for line in cue.text.split("\n")]
    assert "".join(shown) == text and all(cells.width(line) <= 26 for line in shown)
    assert not any(line.endswith(("くれま", "くれまし", "出しまし", "出しま")) for line in shown)


def test_width_counts_cells_and_speed_counts_characters() -> None:
    assert [cells.width(text) for text in ("abc", "今日", "한국", "🎉", "e\u0301")] == [
        3,
        4,
        4,
        2,
        1,
    ]
    texts = ("今日…", "“OK”です", "ＡＢ", "ﾊﾟ", "오늘…", "“Hi”…", "今é☎\ufe0f")
    assert [cells.width(text) for text in texts] == [6, 10, 4, 2, 5, 5, 5]
    cue = Cue(0, 2, "今日")
    assert cue.cps == 1
    (broken,) = subtitles.violations([cue], Layout(max_line_width=3))
    assert (broken.rule, broken.value) == ("max_line_width", 4)


def test_signs_of_japanese_count_as_full_width() -> None:
    """Netflix: 13 characters a line; those of half width, as in `NHK 24`, count half."""
    limits = Layout.preset("netflix").of("ja")
    layout = Layout(max_line_width=limits.max_line_width, max_line_count=2)
    for text in ("「NHKの24時間テレビ…」と言いました“本当に”※", "★今日は…“とても”良い天気…ね…"):
        cues = subtitles.cues(spoken(text, 0.0, 12.0, "ja"), layout)
        shown = [line for cue in cues for line in cue.text.split("\n")]
        halves = [sum(0.5 if ch.isascii() else 1 for ch in line) for line in shown]
        assert "".join(shown) == text and max(halves) <= 13
        assert not subtitles.violations(cues, layout, "ja")
    (broken,) = subtitles.violations([Cue(0, 7, "A今日は…“とても”良い天気で")], layout, "ja")
    assert (broken.rule, broken.value, broken.limit) == ("max_line_width", 29, 26)


def test_right_to_left_lines_get_marks_where_their_ends_have_no_direction() -> None:
    text = " שלום לכולם. 2020 הייתה שנה טובה"
    layout = Layout(max_line_width=14, rtl_marks="add")
    shown = lines(text, layout, "he")
    assert shown[0] == "שלום לכולם.\u200f" and shown[1].startswith("\u200f2020")
    assert lines(text, Layout(max_line_width=14), "he") == [
        line.replace("\u200f", "") for line in shown
    ]
    assert cells.width(shown[0]) == 11 and lines(" Hi.", layout) == ["Hi."]


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("הם באו עם BBC?", "\u202bהם באו עם BBC?\u202c"),
        ("על BBC וגם", "\u202bעל BBC וגם\u202c"),
        ("The word שלום means peace.", "The word שלום means peace."),
        ("שנת 2024.", "שנת 2024.\u200f"),
    ],
)
def test_lines_of_two_directions_are_embedded(line: str, marked: str) -> None:
    assert cells.marked(line) == marked
    assert cells.width(marked) == cells.width(line) and cells.length(marked) == len(line)


def test_a_number_stays_with_what_it_counts_in_any_language() -> None:
    text = " في المدينة القديمة زار أكثر من 5 ملايين شخص"
    shown = lines(text, Layout(max_line_width=32, max_line_count=2), "ar")
    assert len(shown) > 1 and not any(line.endswith("5") for line in shown)


def test_cues_have_the_times_of_the_layout() -> None:
    words = (
        Word(0.0, 0.4, " Yes.", 0.9), Word(5.0, 5.5, " No", 0.9), Word(5.5, 6.0, " idea.", 0.9),
        Word(6.2, 14.0, " Nooo.", 0.9),
    )  # fmt: skip
    whole = transcript(Segment(0, 0.0, 14.0, " Yes. No idea. Nooo.", words), duration=30)
    layout = Layout(
        max_line_width=42, max_line_count=2, max_pause=1.0, min_duration=1.0, max_duration=3.0,
        min_gap=0.1, linger=0.3,
    )  # fmt: skip
    cues = subtitles.cues(whole, layout)
    assert [(cue.start, cue.end, cue.text) for cue in cues] == [
        (0.0, 1.0, "Yes."), (5.0, 6.1, "No idea."), (6.2, 9.2, "Nooo."),
    ]  # fmt: skip
    assert subtitles.violations(cues, layout) == []


def test_a_cue_does_not_start_before_its_speech_after_a_pause() -> None:
    """The attention gives the pause to the word after it."""
    words = (Word(2.0, 11.0, " Hello", 0.9), Word(11.0, 11.4, " again.", 0.9))
    whole = transcript(Segment(0, 2.0, 11.4, " Hello again.", words))
    (cue,) = subtitles.cues(whole, Layout.preset("netflix"))
    assert cue.start == 10.0
    (cue,) = subtitles.cues(whole, Layout())
    assert cue.start == 2.0


def test_times_are_on_frames_and_short_gaps_are_closed() -> None:
    words = tuple(Word(n * 0.93 + 0.011, n * 0.93 + 0.8, " w.", 0.9) for n in range(12))
    whole = transcript(Segment(0, 0, 12, " w." * 12, words))
    layout = Layout.preset("netflix", fps=25, max_words_per_line=1, max_line_count=1)
    cues = subtitles.cues(whole, layout)
    assert len(cues) == 12
    for time in (time for cue in cues for time in (cue.start, cue.end)):
        assert abs(time * 25 - round(time * 25)) < 1e-6
    gaps = [round(25 * (b.start - a.end)) for a, b in itertools.pairwise(cues)]
    assert set(gaps) == {2}
    late = [cue.start - word.start for cue, word in zip(cues, words, strict=True)]
    assert all(0 <= lateness < 0.04 for lateness in late)
    assert subtitles.violations(cues, layout, "en") == []
    rules = {v.rule for v in subtitles.violations([Cue(0.013, 1.013, "a")], Layout(fps=25))}
    assert rules == {"fps"}


TWO_SPEAKERS = (
    Word(0.0, 0.5, " Are", 0.9, "A"), Word(0.5, 1.0, " you?", 0.9, "A"),
    Word(1.0, 1.5, " I", 0.9, "B"), Word(1.5, 2.0, " am.", 0.9, "B"),
)  # fmt: skip


def test_a_segment_of_two_speakers_is_cut_at_the_change() -> None:
    whole = transcript(Segment(0, 0, 2, " Are you? I am.", TWO_SPEAKERS, speaker="A"))
    for layout in (Layout(), Layout(max_line_width=42), Layout.preset("youtube")):
        cues = subtitles.cues(whole, layout)
        assert [cue.text for cue in cues] == ["[A]: Are you?", "[B]: I am."]
        assert [cue.speaker for cue in cues] == ["A", "B"]
        assert cues[1].start == 1.0


def test_speakers_share_a_cue_by_dashes() -> None:
    whole = transcript(Segment(0, 0, 2, " Are you? I am.", TWO_SPEAKERS, speaker="A"))
    (cue,) = subtitles.cues(whole, Layout.preset("netflix"))
    assert cue.text == "- Are you?\n- I am." and cue.speaker is None
    assert [word.speaker for word in cue.words] == ["A", "A", "B", "B"]
    texts = [c.text for c in subtitles.cues(whole, Layout.preset("netflix", speaker_labels="name"))]
    assert texts == ["[A]: Are you?", "[B]: I am."]


def test_a_cue_has_one_language() -> None:
    whole = transcript(
        Segment(0, 0, 1, " Hello.", language="en"), Segment(1, 1, 2, " Guten Tag.", language="de"),
        Segment(2, 2, 3, " Wie geht es?", language="de"),
    )  # fmt: skip
    cues = subtitles.cues(whole, Layout.preset("bbc"))
    assert [cue.text for cue in cues] == ["Hello.", "Guten Tag. Wie geht es?"]


def test_a_segment_without_a_speaker_is_nobodys() -> None:
    whole = transcript(
        Segment(0, 0, 1, " One."), Segment(1, 1, 2, " Two.", speaker="A"),
        Segment(2, 2, 3, " Three."), Segment(3, 3, 4, " Four.", speaker="A"),
    )  # fmt: skip
    for layout in (Layout(), Layout.preset("youtube")):
        shown = [(cue.text, cue.speaker) for cue in subtitles.cues(whole, layout)]
        assert shown == [
            ("One.", None), ("[A]: Two.", "A"), ("[?]: Three.", None), ("[A]: Four.", "A"),
        ]  # fmt: skip


def test_values_of_a_preset_depend_on_the_language_and_can_be_replaced() -> None:
    netflix = Layout.preset("netflix")
    assert (netflix.of("en").max_cps, netflix.of("de").max_cps) == (20, 17)
    assert (netflix.of("ja").max_cps, netflix.of("ja").max_line_width) == (4, 26)
    changed = Layout.preset("netflix", max_cps=12, max_line_count=1)
    assert (changed.of("ja").max_cps, changed.of("ja").max_line_count) == (12, 1)
    assert Layout(max_cps=9).of("ja") == Layout(max_cps=9)
    for name, preset in PRESETS.items():
        assert preset.source and Layout.preset(name).of("en").given
    with raises(OptionError, option="preset"):
        Layout.preset("netflux")
    with raises(OptionError, option="max_cpm"):
        Layout.preset("netflix", max_cpm=3)
    with raises(OptionError, option="min_duration"):
        Layout.preset("netflix", max_duration=0.5)


word_times = st.floats(0, 20, allow_nan=False, width=32)
texts = st.sampled_from(
    [" a", " word", "今", " long-winded", ",", " 5", " km", " 🎉", " שלום", " Dr."]
)
speakers = st.sampled_from([None, "A", "B"])


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    start = draw(word_times)
    names = draw(st.lists(texts, min_size=1, max_size=12))
    speaker = draw(speakers)
    words = tuple(
        Word(first, first + draw(st.floats(-0.5, 3, width=32)), name, 0.9, draw(speakers))
        for name in names
        for first in [draw(word_times)]
    )
    has_words = draw(st.booleans())
    end = start + draw(st.floats(0, 9, width=32))
    return Segment(0, start, end, "".join(names), words if has_words else (), speaker=speaker)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(segments(), min_size=1, max_size=4),
    st.sampled_from(sorted(PRESETS)),
    st.sampled_from([None, 25.0]),
    st.sampled_from(["en", "ja"]),
)
def test_no_word_is_lost_and_cues_never_overlap(
    parts: list[Segment], preset: str, fps: float | None, language: str
) -> None:
    parts = [
        Segment(n, s.start, s.end, s.text, s.words, speaker=s.speaker) for n, s in enumerate(parts)
    ]
    layout = Layout.preset(preset, speaker_labels="none", rtl_marks="none", fps=fps)
    cues = subtitles.cues(transcript(*parts, language=language), layout)
    assert all(cue.start < cue.end for cue in cues)
    assert all(a.end <= b.start for a, b in itertools.pairwise(cues))
    for part in parts:  # those of several segments may alternate if their times do
        if len(parts) == 1:
            assert shown_text(cues) == "".join(part.text.split())
    whole = sorted(shown_text(cues))
    assert whole == sorted("".join("".join(part.text.split()) for part in parts))


def shown_text(cues: Sequence[Cue]) -> str:
    return "".join("".join(cue.text.split()) for cue in cues)


def exhaustive(whole: Transcript, layout: Layout) -> tuple[int, int]:
    """The fewest violations of any cut: of the size of cues, and of their times."""
    limits = layout.of(whole.language)
    (segment,) = whole.segments
    parts = pieces.pieces(segment, whole.language, limits)

    @cache
    def cue(first: int, last: int) -> tuple[int, int]:
        start, end = parts[first].start, whole.duration
        if last < len(parts):
            end = parts[last].start - (limits.min_gap or 0)
        assert limits.max_duration and limits.max_line_width
        end = min(end, start + limits.max_duration)
        large = int(parts[last - 1].end - start > limits.max_duration)
        choices = []
        for size in range(limits.max_line_count or 1):
            for breaks in itertools.combinations(range(first + 1, last), size):
                edges = [first, *breaks, last]
                rows = [
                    "".join(part.text for part in parts[a:b]).strip()
                    for a, b in itertools.pairwise(edges)
                ]
                wide = sum(cells.width(row) > limits.max_line_width for row in rows)
                choices.append((wide, len(rows), sum(map(len, rows))))
        wide, _, length = min(choices)  # a line that fits is not broken to save its space
        fast = limits.max_cps and length > (limits.max_cps + 0.05) * (end - start)
        brief = end - start < (limits.min_duration or 0) - 0.0015
        return large + wide, bool(fast) + brief

    best = (10**9, 10**9)

    def search(first: int, large: int, late: int) -> None:
        nonlocal best
        if (large, late) >= best:
            return
        if first == len(parts):
            best = (large, late)
            return
        for last in range(min(len(parts), first + 40), first, -1):
            more, later = cue(first, last)
            search(last, large + more, late + later)

    search(0, 0, 0)
    return best


def found(whole: Transcript, layout: Layout) -> tuple[int, int]:
    cues = subtitles.cues(whole, layout)
    rules = [v.rule for v in subtitles.violations(cues, layout, whole.language)]
    large = sum(rule in HARD for rule in rules)
    return large, len(rules) - large


SENTENCES = {
    "en": "the old man and the sea of stories were known to all 12 kilometers around the town, but "
    "nobody had ever seen Mr. Brown",
    "de": "der alte Mann und die Geschichten vom Meer waren allen bekannt, aber niemand hatte je "
    "Herr Braun gesehen",
    "ja": "昔々あるところにおじいさんとおばあさんが住んでいました。",
}


@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_no_cut_has_fewer_violations(language: str) -> None:
    chooser = random.Random(language)
    for _ in range(4):
        words = SENTENCES[language].split() if language != "ja" else list(SENTENCES["ja"])
        begin = chooser.randrange(len(words) // 2)
        chosen = words[begin : begin + 14]
        text = "".join(chosen) if language == "ja" else " " + " ".join(chosen)
        whole = spoken(text, 0.0, len(text) / chooser.uniform(5, 25), language)
        for preset in PRESETS:
            layout = replace(Layout.preset(preset).of(language), fps=None)
            assert found(whole, layout) == exhaustive(whole, layout), (text, preset)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_no_cut_of_a_real_reference_has_fewer_violations(data: Path, language: str) -> None:
    manifests = [data / name / "manifest.jsonl" for name in ("multilingual", "librispeech")]
    rows = [json.loads(row) for path in manifests for row in path.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["language"] == language]
    for row in random.Random(23).sample(rows, 6):
        text = row["text"] if language == "ja" else " " + row["text"].lower()
        whole = replace(spoken(text, 0.0, row["duration_s"], language), duration=row["duration_s"])
        for preset in PRESETS:
            layout = replace(Layout.preset(preset).of(language), fps=None)
            assert found(whole, layout) == exhaustive(whole, layout), (text, preset)


def test_the_guide_has_the_values_of_the_presets() -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/subtitles.md").read_text("utf-8")
    rows = [
        [cell.strip(" `") for cell in row.strip("|").split("|")]
        for row in guide.split("## Presets")[1].split("## Options")[0].splitlines()
        if row.startswith("| `")
    ]
    values = {row[0]: dict(zip(PRESETS, row[1:], strict=True)) for row in rows if len(row) > 3}
    for name, preset in PRESETS.items():
        shown = {option: row[name] for option, row in values.items() if row[name]}
        expected = {k: v if isinstance(v, str) else f"{v:g}" for k, v in preset.values.items()}
        assert shown == expected
        assert [name, preset.about, preset.source] in rows
