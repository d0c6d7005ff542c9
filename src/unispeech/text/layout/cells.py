"""Width of text in cells, as terminals and fixed-width subtitles count it, and direction marks."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from wcwidth import wcswidth

MARK = "\u200f"
"""RIGHT-TO-LEFT MARK: gives the punctuation at the end of a line the direction of its words."""
EMBEDDED, END = "\u202b", "\u202c"
"""RIGHT-TO-LEFT EMBEDDING and its end: give a whole line that direction."""


@lru_cache(maxsize=65536)
def width(text: str) -> int:
    """Cells of a text: two for kanji, kana, hangul and emoji; none for combining marks."""
    if text.isascii():
        return len(text)
    cells = wcswidth(text)
    return cells if cells >= 0 else len(text)  # control characters have no width


def length(text: str) -> int:
    """Characters to read: those of the text without direction marks and line breaks."""
    return len(text) - sum(map(text.count, (MARK, EMBEDDED, END, "\n")))


def marked(line: str) -> str:
    """Add direction marks to a line with mostly right-to-left letters, if a player needs them.

    A player that takes every line for left to right puts its last full stop on the wrong side, and
    swaps the parts around a foreign word or before a first number.
    """
    rightward = sum(unicodedata.bidirectional(character) == "L" for character in line)
    if sum(map(_is_rtl, line)) <= rightward:
        return line
    if rightward:
        return f"{EMBEDDED}{line}{END}"
    before = "" if _is_rtl(line[0]) else MARK
    after = "" if _is_rtl(line[-1]) else MARK
    return f"{before}{line}{after}"


def _is_rtl(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("R", "AL")
