"""Transcripts as Word documents with times and speakers, for editing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from unispeech.text.formats.base import Details
from unispeech.text.formats.markup import RIGHT_TO_LEFT, clean
from unispeech.text.formats.plain import NOBODY
from unispeech.text.formats.plain import title as title_of
from unispeech.text.formats.timestamps import short
from unispeech.text.subtitles import Layout
from unispeech.types import Gap, Segment, Transcript

GAP = "[…]"
"""Text of a gap, the same in every language."""

_BREAKS = re.compile("([\t\n\r])")


def docx(transcript: Transcript, layout: Layout, details: Details) -> bytes:
    """Return a .docx with a paragraph per segment, each with its time, under speakers' headings."""
    from docx import Document

    title = title_of(transcript, details)
    date = (details.date or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    document = Document()
    properties = document.core_properties
    properties.author, properties.comments, properties.title = "", "", clean(title)[:255]
    properties.language = transcript.language
    properties.created = properties.modified = date
    _styles(document, transcript.language)
    paragraphs = _Paragraphs(document, transcript.language in RIGHT_TO_LEFT)
    paragraphs.add(title, "Title")
    paragraphs.add(f"{date:%Y-%m-%d}", "Subtitle")
    speaker: str | None = None
    for part in _in_order(transcript):
        if isinstance(part, Segment) and part.speaker != speaker:
            speaker = part.speaker
            paragraphs.add(speaker or NOBODY, "Heading2")
        text = part.text.strip() if isinstance(part, Segment) else GAP
        paragraphs.add(text, "", short(part.start))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _in_order(transcript: Transcript) -> Iterator[Segment | Gap]:
    parts: list[Segment | Gap] = [*transcript.segments, *transcript.gaps]
    yield from sorted(parts, key=lambda part: part.start)


def _styles(document: Any, language: str) -> None:
    """Set a hanging indent for the times, and the language for the spelling checker."""
    from docx.oxml.ns import qn
    from docx.oxml.parser import OxmlElement
    from docx.shared import Cm

    normal = document.styles["Normal"]
    normal.paragraph_format.left_indent = Cm(2)
    normal.paragraph_format.first_line_indent = -Cm(2)
    for name in ("Title", "Subtitle", "Heading 2"):
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


class _Paragraphs:
    """Adds paragraphs to the body as XML.

    python-docx looks up the style and the end of the body for each: 100,000 segments took ten
    minutes, in which no other thread ran.
    """

    def __init__(self, document: Any, right_to_left: bool) -> None:
        from docx.oxml.ns import qn

        self._body = document.element.body
        self._end = self._body.sectPr
        self._rtl = right_to_left
        self._qn = qn

    def add(self, text: str, style: str, time: str = "") -> None:
        """Add a paragraph in a style by its ID ("": the normal one), after a time in grey."""
        paragraph = self._body.makeelement(self._qn("w:p"))
        if style:
            properties = self._sub(paragraph, self._qn("w:pPr"))
            self._sub(properties, self._qn("w:pStyle"), {self._qn("w:val"): style})
        if time:
            run = self._run(paragraph, "w:color", {self._qn("w:val"): "666666"})
            self._text(run, f"{time}\t")
        run = self._run(paragraph, "w:rtl" if self._rtl else "")
        self._text(run, clean(text))
        self._end.addprevious(paragraph)

    def _sub(self, parent: Any, name: str, attributes: dict[str, str] | None = None) -> Any:
        element = parent.makeelement(name, attributes or {})
        parent.append(element)
        return element

    def _run(self, paragraph: Any, name: str, value: dict[str, str] | None = None) -> Any:
        run = self._sub(paragraph, self._qn("w:r"))
        if name:
            self._sub(self._sub(run, self._qn("w:rPr")), self._qn(name), value or {})
        return run

    def _text(self, run: Any, text: str) -> None:
        for piece in _BREAKS.split(text):
            if piece in ("\t", "\n", "\r"):
                self._sub(run, self._qn("w:tab" if piece == "\t" else "w:br"))
            elif piece:
                element = self._sub(run, self._qn("w:t"))
                element.text = piece
                if piece != piece.strip():
                    element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
