"""Transcripts as Word documents with times and speakers, for editing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from unispeech.text.formats import timestamp
from unispeech.types import Gap, Segment, Transcript

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "sd", "ur", "yi"})
GAP = "[…]"
"""Text of a gap, the same in every language."""

_INVALID_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot contain."""


def word_document(transcript: Transcript, title: str) -> bytes:
    """Return a .docx with a paragraph per segment, each with its time, under speakers' headings."""
    import docx

    document = docx.Document()
    properties = document.core_properties
    properties.author, properties.comments, properties.title = "", "", _clean(title)[:255]
    properties.language = transcript.language
    _styles(document, transcript.language)
    _paragraph(document, title, "Title")
    speaker: str | None = None
    for part in _in_order(transcript):
        if isinstance(part, Segment) and part.speaker != speaker:
            speaker = part.speaker
            if speaker:
                _paragraph(document, speaker, "Heading 2")
        text = part.text.strip() if isinstance(part, Segment) else GAP
        _paragraph(document, text, "Normal", _clock(part.start))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _in_order(transcript: Transcript) -> Iterator[Segment | Gap]:
    parts: list[Segment | Gap] = [*transcript.segments, *transcript.gaps]
    yield from sorted(parts, key=lambda part: part.start)


def _clock(seconds: float) -> str:
    return timestamp(seconds, ".", hours=False)[:-4]


def _styles(document: Any, language: str) -> None:
    """Set a hanging indent for the times, and the language for the spelling checker."""
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement
    from docx.shared import Cm

    normal = document.styles["Normal"]
    normal.paragraph_format.left_indent = Cm(2)
    normal.paragraph_format.first_line_indent = -Cm(2)
    for name in ("Title", "Heading 2"):
        document.styles[name].paragraph_format.left_indent = Cm(0)
        document.styles[name].paragraph_format.first_line_indent = Cm(0)
    spelling = OxmlElement("w:lang")
    for script in ("w:val", "w:eastAsia", "w:bidi"):
        spelling.set(qn(script), language)
    normal.element.get_or_add_rPr().append(spelling)
    if language in RIGHT_TO_LEFT:
        # The schema of Word fixes the order of these elements.
        after = ("w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr")
        normal.element.get_or_add_pPr().insert_element_before(OxmlElement("w:bidi"), *after)


def _paragraph(document: Any, text: str, style: str, time: str = "") -> None:
    paragraph = document.add_paragraph(style=style)
    if time:
        from docx.shared import RGBColor

        run = paragraph.add_run(f"{time}\t")
        run.font.color.rgb = RGBColor(0x66, 0x66, 0x66)
    run = paragraph.add_run(_clean(text))
    run.font.rtl = document.core_properties.language in RIGHT_TO_LEFT or None


def _clean(text: str) -> str:
    return _INVALID_XML.sub("", text)
