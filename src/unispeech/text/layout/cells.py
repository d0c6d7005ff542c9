"""Width of text in cells, as terminals and fixed-width subtitles count it, and direction marks."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from wcwidth import wcswidth

MARK = "\u200f"
"""RIGHT-TO-LEFT MARK: gives the punctuation at the end of a line the direction of its words."""


@lru_cache(maxsize=65536)
def width(text: str) -> int:
    """Cells of a text: two for kanji, kana, hangul and emoji; none for combining marks."""
    if text.isascii():
        return len(text)
    cells = wcswidth(text)
    return cells if cells >= 0 else len(text)  # control characters have no width


def length(text: str) -> int:
    """Characters to read: those of the text without direction marks."""
    return len(text) - text.count(MARK)


def marked(line: str) -> str:
    """Add direction marks to a line with right-to-left letters that begins or ends otherwise.

    A player that shows the line left to right puts its last full stop on the wrong side, and
    reorders it if it begins with a number or a foreign word.
    """
    if not any(map(_is_rtl, line)):
        return line
    before = "" if _is_rtl(line[0]) else MARK
    after = "" if _is_rtl(line[-1]) else MARK
    return f"{before}{line}{after}"


def _is_rtl(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL")
