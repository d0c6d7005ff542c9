"""Output formats: compatible with openai-whisper, and lossless."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.errors import raises
from unispeech.errors import OptionError
from unispeech.text import formats, subtitles
from unispeech.text.subtitles import Layout
from unispeech.types import Gap, Segment, Transcript, Turn, Word

WORDS = (
    Word(0.0, 0.4, " Good", 0.9), Word(0.4, 0.9, " morning,", 0.9), Word(1.0, 1.5, " dear", 0.8),
    Word(1.5, 2.0, " listeners.", 0.7),
)  # fmt: skip
TWO = Transcript(
    "Good morning, dear listeners. Hello.", "en", 3725.5,
    (
        Segment(0, 0.0, 2.0, " Good morning, dear listeners.", WORDS, -0.2, 0.01),
        Segment(1, 3723.25, 3725.5, " Hello.", (), -0.3, 0.02, speaker="SPEAKER_00"),
    ),
    "faster", "base",
)  # fmt: skip


def test_txt_and_tsv() -> None:
    assert formats.render(TWO, "txt") == "Good morning, dear listeners.\n[SPEAKER_00]: Hello.\n"
    assert formats.render(TWO, "tsv").splitlines() == [
        "start\tend\ttext",
        "0\t2000\tGood morning, dear listeners.",
        "3723250\t3725500\tHello.",
    ]


def test_vtt_escapes_markup_and_srt_does_not() -> None:
    text = " a < b & c > d <i>x</i>"
    transcript = Transcript("", "en", 3, (Segment(0, 0, 3, text, speaker="A<B"),), "f", "m")
    assert "<v A&lt;B>a &lt; b &amp; c &gt; d &lt;i&gt;x&lt;/i&gt;\n" in transcript.to("vtt")
    assert "[A<B]: a < b & c > d <i>x</i>\n" in transcript.to("srt")
    player = html.unescape(formats.render(transcript, "vtt"))
    assert "a < b & c > d <i>x</i>" in player


def test_srt_and_vtt() -> None:
    assert formats.render(TWO, "srt") == (
        "1\n00:00:00,000 --> 00:00:02,000\nGood morning, dear listeners.\n\n"
        "2\n01:02:03,250 --> 01:02:05,500\n[SPEAKER_00]: Hello.\n\n"
    )
    assert formats.render(TWO, "vtt").startswith(
        "WEBVTT\n\n00:00.000 --> 00:02.000\nGood morning, dear listeners.\n\n01:02:03.250 -->"
    )


def test_the_json_has_exactly_these_fields() -> None:
    shown = json.loads(formats.render(TWO, "json"))
    assert list(shown) == ["text", "language", "duration", "segments", "backend", "model"]
    assert list(shown["segments"][0]) == [
        "id", "start", "end", "text", "words", "avg_logprob", "no_speech_prob",
    ]  # fmt: skip
    assert list(shown["segments"][0]["words"][0]) == ["start", "end", "word", "probability"]
    gapped = Transcript("", "en", 9.0, (), "faster", "base", gaps=(Gap(1.0, 8.0, "repetition"),))
    assert formats.as_dict(gapped)["gaps"] == [{"start": 1.0, "end": 8.0, "reason": "repetition"}]


@pytest.mark.parametrize(
    ("layout", "cues"),
    [
        (Layout(max_line_width=13), ["Good morning,\ndear\nlisteners."]),
        (Layout(max_line_width=13, max_line_count=2), ["Good morning,", "dear\nlisteners."]),
        (Layout(max_words_per_line=1), ["Good", "morning,", "dear", "listeners."]),
        (Layout(max_line_count=1, max_line_width=99), ["Good morning, dear listeners."]),
        (Layout(max_line_width=3), ["Good\nmorning,\ndear\nlisteners."]),
    ],
)
def test_subtitles_follow_the_layout(layout: Layout, cues: list[str]) -> None:
    single = Transcript(TWO.text, "en", 2.0, TWO.segments[:1], "faster", "base")
    assert [cue.text for cue in subtitles.cues(single, layout)] == cues


@given(
    times=st.lists(st.floats(0, 100_000), min_size=2, max_size=20),
    text=st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1),
)
def test_srt_keeps_every_time(times: list[float], text: str) -> None:
    ends = sorted(times)
    segments = tuple(
        Segment(i, a, b, text) for i, (a, b) in enumerate(zip(ends, ends[1:], strict=False))
    )
    whole = Transcript(text, "en", ends[-1], segments, "faster", "base")
    read = re.findall(
        r"(\d+)\n(\d+):(\d+):(\d+),(\d+) --> (\d+):(\d+):(\d+),(\d+)\n",
        formats.render(whole, "srt"),
    )
    assert [int(row[0]) for row in read] == list(range(1, len(segments) + 1))
    for row, segment in zip(read, segments, strict=True):
        h, m, s, ms = map(int, row[5:])
        assert h * 3600 + m * 60 + s + ms / 1000 == pytest.approx(segment.end, abs=6e-4)


def test_an_unknown_format_and_an_invalid_layout_are_refused() -> None:
    with raises(OptionError, "doc"):
        formats.render(TWO, "doc")
    with raises(OptionError, option="max_line_width"):
        Layout(max_line_width=0)
    with raises(OptionError, option="preset"):
        formats.render(TWO, "txt", Layout.preset("bbc"))
    with raises(OptionError, option="speakers"):
        formats.render(TWO, "rttm", details=formats.Details(speakers=False))
    assert formats.encoded(TWO, "txt", Layout.preset("bbc")) == formats.render(TWO, "txt").encode()


def test_rttm_needs_speakers() -> None:
    nobody = replace(TWO, segments=tuple(replace(s, speaker=None, words=()) for s in TWO.segments))
    with raises(OptionError, option="format"):
        formats.render(replace(nobody, turns=()), "rttm")
    assert formats.render(replace(nobody, turns=(Turn(0.0, 1.0, "Ada"),)), "rttm")
    assert formats.render(replace(nobody, segments=(), turns=()), "rttm") == ""


def test_rttm_names_speakers_as_people_have_named_them() -> None:
    segments = (
        Segment(0, 0.0, 2.0, " Hello.", speaker="Ada"),
        Segment(1, 2.0, 3.0, " Well."),
        Segment(
            2, 3.0, 5.0, " Hi. Yes.", (Word(3, 4, " Hi.", 0.9), Word(4, 5, " Yes.", 0.9, "Bob"))
        ),
    )
    whole = Transcript("Hello. Well. Hi. Yes.", "en", 5, segments, "faster", "base")
    turns = (Turn(0.0, 5.0, "SPEAKER_00"),)
    for transcript in (whole, replace(whole, turns=turns)):
        rows = [row.split() for row in formats.render(transcript, "rttm").splitlines()]
        assert [(row[3], row[4], row[7]) for row in rows] == [
            ("0.000", "2.000", "Ada"),
            ("4.000", "1.000", "Bob"),
        ]
