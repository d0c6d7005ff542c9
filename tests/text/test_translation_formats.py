"""Formats with a translation beside the original."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser

import docx
import pytest

from unispeech.errors import OptionError
from unispeech.text.formats import FORMATS, Details, encoded, render
from unispeech.types import Gap, Segment, Transcript

GERMAN = Transcript(
    "", "de", 10.0,
    (
        Segment(0, 0.0, 2.0, " Guten Morgen.", speaker="Ada"),
        Segment(1, 2.0, 4.0, " Wie geht es?", speaker="Ada"),
        Segment(2, 4.5, 9.0, " -Gut, danke.", speaker="Bo"),
    ),
    "faster", "base", gaps=(Gap(9.0, 10.0, "speech"),),
)  # fmt: skip
ENGLISH = ("Good morning.", "", "-Fine & well.")
BESIDE = Details(translation=ENGLISH)


def test_plain_text_has_the_translation_below_each_line() -> None:
    assert render(GERMAN, "txt", details=BESIDE) == (
        "[Ada]: Guten Morgen.\nGood morning.\n\n[Ada]: Wie geht es?\n\n"
        "[Bo]: -Gut, danke.\n-Fine & well.\n"
    )
    paragraphs = Details(translation=ENGLISH, paragraphs=True, speakers=False)
    assert render(GERMAN, "txt", details=paragraphs) == (
        "Guten Morgen. Wie geht es? -Gut, danke.\nGood morning. -Fine & well.\n"
    )


def test_a_table_has_a_column_of_the_translation() -> None:
    rows = list(csv.DictReader(io.StringIO(render(GERMAN, "csv", details=BESIDE))))
    assert [row["translation"] for row in rows] == ["Good morning.", "", "'-Fine & well."]
    assert "translation" not in render(GERMAN, "csv")


class _Pairs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[list[str]] = []
        self.languages: list[str | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if dict(attributes).get("class") == "pair":
            self.pairs.append([])
        if tag == "p":
            self.pairs[-1].append("")
            self.languages.append(dict(attributes)["lang"])

    def handle_data(self, data: str) -> None:
        if self.pairs and self.pairs[-1] and self.lasttag != "script":
            self.pairs[-1][-1] += data.strip("\n")


def test_a_web_page_has_two_columns_in_their_languages() -> None:
    page = _Pairs()
    page.feed(render(GERMAN, "html", details=BESIDE))
    assert page.pairs == [
        ["Ada00:00Guten Morgen. Wie geht es?", "Good morning."],
        ["Bo00:04-Gut, danke.", "-Fine & well."],
    ]
    assert page.languages == ["de", "en"] * 2


@pytest.mark.parametrize("language", ["de", "ar"])
def test_a_word_document_has_a_table_for_each_turn(language: str) -> None:
    transcript = Transcript("", language, 10.0, GERMAN.segments, "", "", gaps=GERMAN.gaps)
    document = docx.Document(io.BytesIO(render(transcript, "docx", details=BESIDE)))
    tables = [[[cell.text for cell in row.cells] for row in t.rows] for t in document.tables]
    assert tables == [
        [["00:00\tGuten Morgen.", "Good morning."], ["00:02\tWie geht es?", ""]],
        [["00:04\t-Gut, danke.", "-Fine & well."], ["00:09\t[…]", ""]],
    ]
    headings = [p.text for p in document.paragraphs if p.style and p.style.name == "Heading 2"]
    assert headings == ["Ada", "Bo"]
    original, translation = document.tables[0].rows[0].cells
    assert bool(original.paragraphs[0].runs[1].font.rtl) == (language == "ar")
    assert 'w:lang w:val="en"' in translation.paragraphs[0].runs[0]._r.xml
    assert ("w:bidiVisual" in document.tables[0]._tbl.xml) == (language == "ar")


@pytest.mark.parametrize("format", sorted(FORMATS.keys() - {"txt", "csv", "html", "docx"}))
def test_other_formats_refuse_it_by_name(format: str) -> None:
    with pytest.raises(OptionError, match="translation needs a format of txt, docx, html, csv"):
        render(GERMAN, format, details=BESIDE)


def test_one_of_several_files_leaves_it_out() -> None:
    assert encoded(GERMAN, "srt", details=BESIDE) == encoded(GERMAN, "srt")


def test_there_is_one_text_for_each_segment() -> None:
    with pytest.raises(ValueError, match="1 translations for 3 segments"):
        render(GERMAN, "csv", details=Details(translation=("Good morning.",)))
