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
    """Return a .docx with a paragraph per segment, each with its time, under speakers' headings.

    With a translation, the segments under a heading are the rows of a table of two columns.
    """
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
    for part, other in _in_order(transcript, details):
        if isinstance(part, Segment) and part.speaker != speaker:
            speaker = part.speaker
            paragraphs.add(speaker or NOBODY, "Heading2")
        text = part.text.strip() if isinstance(part, Segment) else GAP
        if details.translation is None:
            paragraphs.add(text, "", short(part.start))
        else:
            paragraphs.add_row(text, short(part.start), other, details.translation_language)
    if details.translation is not None:
        paragraphs.add("", "")  # Word wants a paragraph after a table
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _in_order(transcript: Transcript, details: Details) -> Iterator[tuple[Segment | Gap, str]]:
    """The segments and gaps by time, each with its translation."""
    parts: list[tuple[Segment | Gap, str]] = [
        *zip(transcript.segments, details.beside(transcript), strict=True),
        *((gap, "") for gap in transcript.gaps),
    ]
    yield from sorted(parts, key=lambda part: part[0].start)


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
    """Adds paragraphs, and tables of them, to the body as XML.

    python-docx looks up the style and the end of the body for each: 100,000 segments took ten
    minutes, in which no other thread ran.
    """

    def __init__(self, document: Any, right_to_left: bool) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Twips

        self._body = document.element.body
        self._end = self._body.sectPr
        self._rtl = right_to_left
        self._qn = qn
        section = document.sections[0]
        width = section.page_width - section.left_margin - section.right_margin
        self._column = str(width // Twips(2))
        self._table: Any = None
        """The table at the end of the body, if a table is there."""

    def add(self, text: str, style: str, time: str = "") -> None:
        """Add a paragraph in a style by its ID ("": the normal one), after a time in grey."""
        self._table = None
        self._end.addprevious(self._paragraph(text, style, time))

    def add_row(self, text: str, time: str, other: str, language: str) -> None:
        """Add a row with a text and its translation to the table at the end of the body."""
        if self._table is None:
            self._table = self._new_table()
            self._end.addprevious(self._table)
        row = self._sub(self._table, self._qn("w:tr"))
        for paragraph in (self._paragraph(text, "", time), self._translation(other, language)):
            cell = self._sub(row, self._qn("w:tc"))
            properties = self._sub(cell, self._qn("w:tcPr"))
            self._sub(properties, self._qn("w:tcW"), self._widths())
            cell.append(paragraph)

    def _widths(self) -> dict[str, str]:
        return {self._qn("w:w"): self._column, self._qn("w:type"): "dxa"}

    def _new_table(self) -> Any:
        table = self._body.makeelement(self._qn("w:tbl"))
        properties = self._sub(table, self._qn("w:tblPr"))
        if self._rtl:  # the original is the first column, on the right
            self._sub(properties, self._qn("w:bidiVisual"))
        self._sub(properties, self._qn("w:tblLayout"), {self._qn("w:type"): "fixed"})
        grid = self._sub(table, self._qn("w:tblGrid"))
        for _ in range(2):
            self._sub(grid, self._qn("w:gridCol"), {self._qn("w:w"): self._column})
        return table

    def _paragraph(self, text: str, style: str, time: str) -> Any:
        paragraph = self._body.makeelement(self._qn("w:p"))
        if style:
            properties = self._sub(paragraph, self._qn("w:pPr"))
            self._sub(properties, self._qn("w:pStyle"), {self._qn("w:val"): style})
        if time:
            run = self._run(paragraph, "w:color", {self._qn("w:val"): "666666"})
            self._text(run, f"{time}\t")
        run = self._run(paragraph, "w:rtl" if self._rtl else "")
        self._text(run, clean(text))
        return paragraph

    def _translation(self, text: str, language: str) -> Any:
        """A paragraph in a language of its own, without the space for a time."""
        is_rtl = language in RIGHT_TO_LEFT
        paragraph = self._body.makeelement(self._qn("w:p"))
        properties = self._sub(paragraph, self._qn("w:pPr"))
        self._sub(properties, self._qn("w:bidi"), {self._qn("w:val"): "1" if is_rtl else "0"})
        indents = {self._qn("w:left"): "0", self._qn("w:firstLine"): "0"}
        self._sub(properties, self._qn("w:ind"), indents)
        run = self._run(paragraph, "w:lang", {self._qn("w:val"): language})
        self._text(run, clean(text))
        return paragraph

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
