"""Every format, read by a parser that is not ours."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import praatio.textgrid
import pympi
import pysubs2
import pytest
import ttconv.imsc.reader
import ttconv.model
import ttconv.scc.reader
import ttconv.stl.reader
from hypothesis import given, settings

from support.errors import raises
from support.transcripts import LATIN, transcripts
from unispeech.errors import OptionError
from unispeech.text import formats
from unispeech.text.formats import Details
from unispeech.text.formats.plain import TRANSCRIPTS
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript, Word

FEW = settings(max_examples=25, deadline=None)  # a busy machine is slow
ONCE = settings(max_examples=10, deadline=None)  # starts FFmpeg


def plain(text: str) -> str:
    return "".join(text.replace("-->", "->").split())


def one(text: str, **fields: Any) -> Transcript:
    return Transcript(text, "en", 3.0, (Segment(0, 1.0, 3.0, text, **fields),), "f", "m")


def packets(transcript: Transcript, format: str, path: Path) -> list[tuple[float, bytes]]:
    """The events that ffmpeg's demuxer finds, by start in seconds."""
    path.write_bytes(formats.encoded(transcript, format))
    with av.open(str(path)) as container:
        stream = container.streams[0]
        return [
            (float(packet.pts * packet.time_base), bytes(packet))
            for packet in container.demux(stream)
            if packet.pts is not None and packet.time_base is not None
        ]


@pytest.mark.parametrize("format", ["srt", "vtt", "ass", "lrc"])
@given(transcript=transcripts())
@ONCE
def test_ffmpeg_reads_subtitles(
    tmp_path_factory: pytest.TempPathFactory, format: str, transcript: Transcript
) -> None:
    if not transcript.segments:
        return
    path = tmp_path_factory.mktemp("ffmpeg") / f"talk.{format}"
    found = packets(transcript, format, path)
    starts = [segment.start for segment in transcript.segments]
    assert [start for start, _ in found] == [pytest.approx(start, abs=0.011) for start in starts]


@given(transcripts())
@FEW
def test_pysubs2_reads_texts_and_speakers(transcript: Transcript) -> None:
    read = pysubs2.SSAFile.from_string(formats.render(transcript, "ass"))
    for event, segment in zip(read.events, transcript.segments, strict=True):
        text = plain(segment.text).replace("{", "｛").replace("}", "｝")
        assert plain(event.plaintext).replace("\u2060", "") == text
        assert event.name == (segment.speaker or "")
        assert event.style in read.styles


def test_karaoke_lasts_as_long_as_the_words() -> None:
    words = (
        Word(1.5, 2.0, " One", 1.0),
        Word(2.0, 2.4, " two", 1.0),
        Word(2.7, 3.0, " three", 1.0),
    )
    text = formats.render(one(" One two three", words=words), "ass", None, Details(word_times=True))
    last = text.splitlines()[-1]
    assert last.endswith(r"{\k50}{\k50}One{\k40} two{\k30}{\k30} three")
    lyrics = formats.render(one(" One two", words=words[:2]), "lrc", None, Details(word_times=True))
    assert lyrics.endswith("[00:01.00]<00:01.50> One <00:02.00> two\n")


def ttml_texts(model: ttconv.model.ContentDocument) -> list[tuple[Fraction, Fraction, str, str]]:
    body = model.get_body()
    assert body is not None
    return [
        (p.get_begin(), p.get_end(), p.get_lang(), spoken(p))
        for division in body
        for p in division
        if isinstance(p, ttconv.model.P)
    ]


def spoken(element: Any) -> str:
    if isinstance(element, ttconv.model.Br):
        return "\n"
    if isinstance(element, ttconv.model.Text):
        return element.get_text() or ""
    return "".join(spoken(child) for child in element)


@given(transcripts())
@FEW
def test_ttconv_reads_ttml(transcript: Transcript) -> None:
    text = formats.render(transcript, "ttml")
    model = ttconv.imsc.reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(text)))
    assert model is not None and model.get_lang() == "en"
    found = ttml_texts(model)
    assert [(float(a or 0), float(b), lang, plain(t)) for a, b, lang, t in found] == [
        (s.start, s.end, s.language or "en", plain(s.text)) for s in transcript.segments
    ]
    agents = re.findall(r'ttm:name type="full">([^<]*)<', text)
    assert len(agents) == len({s.speaker for s in transcript.segments if s.speaker})


@given(transcripts(phrases=LATIN, names=(None, "Ada")))
@FEW
def test_ttconv_reads_stl(transcript: Transcript) -> None:
    if transcript.segments and transcript.duration >= 86_400:
        with raises(OptionError, "stl"):
            formats.render(transcript, "stl")
        return
    content = formats.render(transcript, "stl")
    assert (len(content) - 1024) % 128 == 0
    model = ttconv.stl.reader.to_model(io.BytesIO(content))
    assert model.get_lang() == "en"
    found = "".join(plain(text) for *_, text in ttml_texts(model))
    labels = (f"[{s.speaker}]:" * bool(s.speaker) + plain(s.text) for s in transcript.segments)
    assert found.replace("[?]:", "") == "".join(labels)  # nobody is marked after a speaker


@pytest.mark.parametrize(
    "text", ["Доброе утро", "Καλημέρα", "שלום עולם", "مرحبا", "Žluťoučký kůň ñ ß"]
)
def test_stl_has_tables_for_several_scripts(text: str) -> None:
    model = ttconv.stl.reader.to_model(io.BytesIO(formats.render(one(text), "stl")))
    begin, end, _, found = ttml_texts(model)[0]
    assert (float(begin), float(end)) == (1.0, 3.0)
    assert found.strip() == text


def test_a_long_subtitle_of_stl_continues_in_the_next_block() -> None:
    text = " ".join(["élève"] * 40)
    content = formats.render(one(text), "stl", Layout(max_line_width=38, max_line_count=4))
    model = ttconv.stl.reader.to_model(io.BytesIO(content))
    assert "".join(plain(found) for *_, found in ttml_texts(model)) == plain(text)


@pytest.mark.parametrize("format", ["scc", "stl"])
def test_letters_that_a_format_lacks_are_refused(format: str) -> None:
    with raises(OptionError, "你", format):
        formats.render(one("你好"), format)


@given(transcripts(("Good morning, dear listeners.", "100 % & more", "it's so"), (None, "Ada")))
@FEW
def test_ttconv_reads_scc(transcript: Transcript) -> None:
    if transcript.duration >= 86_400:
        return
    text = formats.render(transcript, "scc")
    assert text.startswith("Scenarist_SCC V1.0\n")
    model = ttconv.scc.reader.to_model(text)
    found = "".join(plain(text) for *_, text in ttml_texts(model)) if model.get_body() else ""
    labels = (f"[{s.speaker}]:" * bool(s.speaker) + plain(s.text) for s in transcript.segments)
    assert found.replace("[?]:", "") == "".join(labels)  # nobody is marked after a speaker


@given(transcripts())
@FEW
def test_praatio_reads_textgrids(
    tmp_path_factory: pytest.TempPathFactory, transcript: Transcript
) -> None:
    path = tmp_path_factory.mktemp("praat") / "talk.TextGrid"
    path.write_bytes(formats.encoded(transcript, "textgrid"))
    grid = praatio.textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    spans = [
        (entry.start, entry.end, plain(entry.label).replace("->", "-->"))
        for tier in grid.tiers
        if tier.name.endswith("segments")
        for entry in tier.entries
    ]
    assert sorted(spans) == sorted(
        (s.start, s.end, "".join(s.text.split())) for s in transcript.segments
    )


@given(transcripts())
@FEW
def test_pympi_reads_eaf(tmp_path_factory: pytest.TempPathFactory, transcript: Transcript) -> None:
    path = tmp_path_factory.mktemp("elan") / "talk.eaf"
    path.write_bytes(formats.encoded(transcript, "eaf"))
    read = pympi.Eaf(str(path))
    spans = [
        (start, end, "".join(text.split()))
        for tier in read.get_tier_names()
        if not tier.endswith("words")
        for start, end, text in read.get_annotation_data_for_tier(tier)
    ]
    assert sorted(spans) == sorted(
        (round(s.start * 1000), round(s.end * 1000), "".join(s.text.split()))
        for s in transcript.segments
    )
    assert set(read.get_languages()) == {s.language or "en" for s in transcript.segments}


class Page(HTMLParser):
    """The words of an HTML page by their start, and what could run."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[tuple[float, str]] = []
        self.scripts = 0
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        fields = dict(attrs)
        assert not any(name.startswith("on") for name in fields)
        self.scripts += tag == "script"
        if "data-start" in fields:
            self.words.append((float(fields["data-start"] or 0), ""))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "span" and self.words and not self.words[-1][1]:
            self.words[-1] = self.words[-1][0], data


@given(transcripts())
@FEW
def test_an_html_parser_reads_the_page(transcript: Transcript) -> None:
    page = Page()
    page.feed(formats.render(transcript, "html"))
    assert page.scripts == 1
    expected = "".join(plain(segment.text).replace("->", "-->") for segment in transcript.segments)
    assert "".join("".join(text.split()) for _, text in page.words) == "".join(
        "".join(s.text.split()) for s in transcript.segments
    ), expected
    starts = [start for start, _ in page.words]
    assert starts == sorted(starts)


@pytest.mark.parametrize("format", ["html", "eaf"])
def test_a_transcript_that_was_read_is_no_recording(format: str) -> None:
    assert set(TRANSCRIPTS) == set(formats.readable())
    read = formats.parse(b"1\n00:00:00,000 --> 00:00:01,000\nHello\n", "srt", "talk.srt")
    assert "./" not in formats.render(read, format)
    assert "./talk.wav" in formats.render(replace(read, source="talk.wav"), format)


@given(transcripts())
@FEW
def test_csv_holds_speakers_languages_and_no_formula(transcript: Transcript) -> None:
    rows = list(csv.DictReader(io.StringIO(formats.render(transcript, "csv"))))
    for row, segment in zip(rows, transcript.segments, strict=True):
        assert not row["text"].startswith(("=", "+", "-", "@"))
        assert row["text"].removeprefix("'") == segment.text.strip()
        assert (row["speaker"], row["language"]) == (
            segment.speaker or "",
            segment.language or "en",
        )


@given(transcripts())
@FEW
def test_fields_of_nist_have_no_spaces(transcript: Transcript) -> None:
    if any(segment.speaker for segment in transcript.segments):
        for row in formats.render(transcript, "rttm").splitlines():
            assert len(row.split(" ")) == 10
    words = [row.split(" ") for row in formats.render(transcript, "ctm").splitlines()]
    assert all(len(row) == 6 for row in words if row[0] != ";;")
    for row, segment in zip(
        formats.render(transcript, "stm").splitlines(), transcript.segments, strict=True
    ):
        name, channel, speaker, start, end, label, *_ = row.split(" ")
        assert (name, channel, float(start), float(end)) == (
            "my_talk", "1", segment.start, segment.end,
        )  # fmt: skip
        assert label == f"<o,{segment.language or 'en'}>"
        assert speaker == "_".join((segment.speaker or "unknown").split())


@given(transcripts())
@FEW
def test_markers_are_where_segments_begin(transcript: Transcript) -> None:
    root = ElementTree.fromstring(formats.render(transcript, "fcpxml"))
    markers = list(root.iter("marker"))
    for marker, segment in zip(markers, transcript.segments, strict=True):
        start = float(Fraction(marker.get("start", "").removesuffix("s")))
        assert start == pytest.approx(segment.start, abs=0.021)
    marked = re.findall(
        r"^\* LOC: (\d+):(\d\d):(\d\d):(\d\d) ", formats.render(transcript, "edl"), re.M
    )
    for (hours, minutes, seconds, frames), segment in zip(marked, transcript.segments, strict=True):
        at = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(frames) / 25
        assert at == pytest.approx(segment.start, abs=0.021)


@pytest.mark.parametrize("format", list(formats.FORMATS))
def test_an_empty_transcript_renders(format: str) -> None:
    empty = Transcript("", "en", 0.0, (), "faster", "tiny.en")
    content = formats.encoded(empty, format)
    assert content == b"" or format == "stl" or content.endswith((b"\n", b"\0"))


def test_control_characters_do_not_break_xml() -> None:
    for format in ("ttml", "eaf", "fcpxml"):
        ElementTree.fromstring(formats.render(one(" a\x00\x0bb", speaker="\x01Ada"), format))
