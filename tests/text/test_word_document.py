"""Word documents."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import docx
import pytest

from unispeech.text.formats import Details, render
from unispeech.types import Gap, Segment, Transcript


def transcript(*segments: Segment, language: str = "en", gaps: tuple[Gap, ...] = ()) -> Transcript:
    return Transcript("", language, 60.0, segments, "faster", "tiny.en", gaps=gaps)


def test_paragraphs_have_styles_times_and_clean_text() -> None:
    segments = (
        Segment(0, 0.0, 1.0, " a\tb\nc & <d>\0", speaker="Ann"),
        Segment(1, 61.0, 62.0, " second", speaker="Ann"),
        Segment(2, 70.0, 72.0, " third", speaker="Bob"),
    )
    content = render(
        transcript(*segments, gaps=(Gap(63.0, 64.0, "noise"),)),
        "docx",
        details=Details(title="t <1>", date=datetime(2026, 11, 29, 12, tzinfo=UTC)),
    )
    document = docx.Document(io.BytesIO(content))
    assert [(p.style.name, p.text) for p in document.paragraphs if p.style] == [
        ("Title", "t <1>"),
        ("Subtitle", "2026-11-29"),
        ("Heading 2", "Ann"),
        ("Normal", "00:00\ta\tb\nc & <d>"),
        ("Normal", "01:01\tsecond"),
        ("Normal", "01:03\t[…]"),
        ("Heading 2", "Bob"),
        ("Normal", "01:10\tthird"),
    ]
    created = document.core_properties.created
    assert created is not None and created.isoformat()[:19] == "2026-11-29T12:00:00"
    assert str(document.paragraphs[3].runs[0].font.color.rgb) == "666666"


@pytest.mark.parametrize(("language", "is_rtl"), [("he", True), ("en", None)])
def test_the_text_of_right_to_left_languages_is_marked(language: str, is_rtl: bool | None) -> None:
    content = render(transcript(Segment(0, 0.0, 1.0, "x"), language=language), "docx")
    assert docx.Document(io.BytesIO(content)).paragraphs[2].runs[1].font.rtl is is_rtl
