"""Formats that are read back: what is written survives, and errors name the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from support.errors import raises
from support.transcripts import transcripts
from unispeech.errors import OptionError
from unispeech.text import formats
from unispeech.text.formats import Details
from unispeech.types import Segment, Transcript


def plain(text: str) -> str:
    """A text without the differences that a subtitle may not keep."""
    return "".join(text.replace("-->", "->").split())


def read_back(transcript: Transcript, format: str, details: Details | None = None) -> Transcript:
    return formats.parse(formats.encoded(transcript, format, details=details), format, "t")


@given(transcripts())
def test_json_is_lossless(transcript: Transcript) -> None:
    again = read_back(transcript, "json")
    assert formats.as_dict(again) == formats.as_dict(transcript)
    lines = read_back(transcript, "jsonl").segments
    assert [formats.segment_dict(s) for s in lines] == [
        formats.segment_dict(s) for s in transcript.segments
    ]


@given(transcripts())
def test_subtitles_keep_times_texts_and_speakers(transcript: Transcript) -> None:
    for format in ("srt", "vtt"):
        # A prefix such as "[x]: " and marks such as "{\\i1}" have a meaning in SubRip.
        segments = [s for s in transcript.segments if s.text not in ("[x]: y",)]
        kept = Transcript("", "en", 0, tuple(segments), "f", "m")
        again = read_back(kept, format).segments
        assert [(s.start, s.end, plain(s.text)) for s in again] == [
            (s.start, s.end, plain(s.text)) for s in segments
        ]
        assert [s.speaker for s in again] == [s.speaker for s in segments]


@given(transcripts())
def test_vtt_keeps_languages_and_word_times(transcript: Transcript) -> None:
    again = read_back(transcript, "vtt", Details(word_times=True)).segments
    for segment, read in zip(transcript.segments, again, strict=True):
        if len(transcript.languages) > 1:
            assert read.language == (segment.language or "en")
        if len(segment.words) > 1:
            assert [w.start for w in read.words] == [w.start for w in segment.words]
            assert plain(read.text) == plain("".join(word.word for word in read.words))


@given(transcripts())
def test_a_textgrid_keeps_segments_speakers_and_words(transcript: Transcript) -> None:
    again = read_back(transcript, "textgrid")
    assert [(s.start, s.end, plain(s.text), s.speaker, len(s.words)) for s in again.segments] == [
        (s.start, s.end, plain(s.text), s.speaker, len(s.words)) for s in transcript.segments
    ]


def test_files_of_other_programs(tmp_path: Path) -> None:
    srt = tmp_path / "a.SRT"
    srt.write_bytes(
        "\ufeff00:00:01.5 --> 00:00:02,000 X1:1\r\n<i>Good</i>\r\nmorning\r\n\r\n7\r\n"
        "01:00:00,000 --> 01:00:01,000\r\n{\\an8}1984\r\n".encode()
    )
    assert [(s.start, s.text) for s in formats.read(srt).segments] == [
        (1.5, " Good morning"), (3600.0, " 1984"),
    ]  # fmt: skip
    vtt = tmp_path / "b.vtt"
    vtt.write_text(
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE a\nb --> c\n\n"
        "intro\n00:01.000 --> 00:03.000 align:start\n<v.loud Ada>Yes &amp; no</v><v Bob>Oh.\n"
    )
    assert [(s.start, s.end, s.text, s.speaker) for s in formats.read(vtt).segments] == [
        (1.0, 2.455, " Yes & no", "Ada"), (2.455, 3.0, " Oh.", "Bob"),
    ]  # fmt: skip
    grid = tmp_path / "c.TextGrid"
    grid.write_bytes(
        '"ooTextFile"\n"TextGrid"\n0 2 <exists> 2\n"IntervalTier" "words" 0 2 2\n0 1 "你"\n1 2 ""\n'
        '"TextTier" "bell" 0 2 1 ! a comment\n0.5 "ding"'.encode("utf-16")
    )
    assert [(s.start, s.end, s.text) for s in formats.read(grid).segments] == [(0.0, 1.0, "你")]


@pytest.mark.parametrize(
    ("format", "content", "place"),
    [
        ("srt", b"hello", "line 1"),
        ("srt", b"1\n00:00:01,000 --> 00:00:02\nx", "line 2"),
        ("srt", b"1\n00:00:03,000 --> 00:00:02,000\nx", "line 2"),
        ("srt", b"1\n00:00:01,000 --> 00:00:02,000\n\xff", "line 3"),
        ("vtt", b"1\n00:01.000 --> 00:02.000\nx", "line 1"),
        ("vtt", b"WEBVTT\n\n1 --> 2\nx", "line 3"),
        ("json", b'{"segments": [\n{"start": }]}', "line 2"),
        ("json", b'{"text": "x"}', "segments"),
        ("json", b"[]", "line 1"),
        ("json", b'{"segments": [{"start": 0, "end": 1, "text": "x"}, 5]}', "segment 2"),
        ("json", b'{"segments": [{"start": 0, "end": "1", "text": "x"}]}', "end"),
        ("jsonl", b'{"start": 0, "end": 1, "text": "x"}\n{"start": 2}', "line 2"),
        ("textgrid", b"hello", "line 1"),
        ("textgrid", b'"ooTextFile" "TextGrid"\n0 1 <exists>\n1\n"IntervalTier"\n5', "line 5"),
    ],
)  # fmt: skip
def test_malformed_files_are_refused_with_their_place(
    format: str, content: bytes, place: str
) -> None:
    with raises(OptionError, place):
        formats.parse(content, format, "talk")


def test_a_format_without_a_reader_is_refused(tmp_path: Path) -> None:
    with raises(OptionError, ".srt"):
        formats.read(tmp_path / "a.tsv")


def test_nobody_s_words_are_not_the_speaker_s() -> None:
    segments = (
        Segment(0, 0, 1, " One.", speaker="Ada"), Segment(1, 1, 2, " Two."),
        Segment(2, 2, 3, " Three.", speaker="Ada"),
    )  # fmt: skip
    text = Transcript("", "en", 3, segments, "f", "m").to("md")
    assert text.splitlines()[2::2] == ["**Ada:** One.", "**?:** Two.", "**Ada:** Three."]
