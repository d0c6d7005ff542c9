"""Cues that two speakers share, in formats with a place for speakers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import ttconv.imsc.reader

from unispeech.text import formats
from unispeech.text.formats import Details
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript, Word

WORDS = (
    Word(0.0, 0.5, " Are", 0.9, "Ada"), Word(0.5, 1.0, " you?", 0.9, "Ada"),
    Word(1.0, 1.5, " I", 0.9, "Bob"), Word(1.5, 2.0, " am.", 0.9, "Bob"),
)  # fmt: skip
TALK = Transcript(
    " Are you? I am.",
    "en",
    9.0,
    (Segment(0, 0, 2, " Are you? I am.", WORDS, speaker="Ada"),),
    "f",
    "m",
)
DASHED = Layout.preset("netflix")


@pytest.mark.parametrize("format", ["srt", "vtt", "ass", "ttml"])
def test_every_format_has_the_cues_of_the_layout(format: str) -> None:
    for layout, cues in ((DASHED, 1), (Layout.preset("netflix", speaker_labels="name"), 2)):
        text = formats.render(TALK, format, layout)
        assert len(re.findall(r"-->|^Dialogue|<tt:p ", text, re.M)) == cues
        assert text.count("- ") == 2 * (cues == 1)


def test_webvtt_names_both_speakers_and_is_read_without_dashes() -> None:
    text = formats.render(TALK, "vtt", DASHED)
    assert "<v Ada>- Are you?</v>\n<v Bob>- I am.</v>\n" in text
    timed = formats.render(TALK, "vtt", DASHED, Details(word_times=True))
    assert "<v Bob>- <00:01.000>I <00:01.500>am.</v>" in timed
    for written in (text, timed):
        read = formats.parse(written.encode(), "vtt", "talk.vtt").segments
        assert [(s.speaker, s.text.strip()) for s in read] == [
            ("Ada", "Are you?"),
            ("Bob", "I am."),
        ]
    assert [word.start for word in read[1].words] == [1.0, 1.5]


def test_a_line_of_nobody_has_no_voice() -> None:
    segments = (Segment(0, 0, 1, " Are you?", speaker="Ada"), Segment(1, 1, 2, " I am."))
    text = formats.render(Transcript("", "en", 9.0, segments, "f", "m"), "vtt", DASHED)
    assert "<v Ada>- Are you?</v>\n- I am.\n" in text
    read = formats.parse(text.encode(), "vtt", "talk.vtt").segments
    assert [(s.speaker, s.text.strip()) for s in read] == [("Ada", "Are you?"), (None, "I am.")]


def test_substation_alpha_colours_each_line() -> None:
    last = formats.render(TALK, "ass", DASHED).splitlines()[-1]
    assert last.endswith(r",Default,Ada; Bob,0,0,0,,{\rSpeaker 1}- Are you?\N{\rSpeaker 2}- I am.")
    karaoke = formats.render(TALK, "ass", DASHED, Details(word_times=True)).splitlines()[-1]
    assert karaoke.endswith(r"\N{\rSpeaker 2}- {\k50}I{\k50} am.")


def test_ttml_names_the_speaker_of_each_line() -> None:
    root = ElementTree.fromstring(formats.render(TALK, "ttml", DASHED))
    assert ttconv.imsc.reader.to_model(ElementTree.ElementTree(root)) is not None
    agent = "{http://www.w3.org/ns/ttml#metadata}agent"
    spans = root.iter("{http://www.w3.org/ns/ttml}span")
    assert [(span.get(agent), span.text) for span in spans] == [
        ("speaker1", "- Are you?"), ("speaker2", "- I am."),
    ]  # fmt: skip


def test_lyrics_name_each_speaker_once() -> None:
    rows = formats.render(TALK, "lrc", DASHED).splitlines()
    assert rows[-2:] == ["[00:00.00][Ada]: Are you?", "[00:01.00][Bob]: I am."]
