"""Width of text in cells, as terminals and fixed-width subtitles count it, and direction marks."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from wcwidth import wcswidth

MARK = "\u200f"
"""RIGHT-TO-LEFT MARK: gives the punctuation at the end of a line the direction of its words."""
EMBEDDED, END = "\u202b", "\u202c"
"""RIGHT-TO-LEFT EMBEDDING and its end: give a whole line that direction."""


KANJI_OR_KANA = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@lru_cache(maxsize=65536)
def width(text: str, is_full: bool | None = None) -> int:
    """Cells of a text: two for kanji, kana, hangul and emoji; none for combining marks.

    With `is_full`, signs such as `…`, `“` and `※` take two, as fonts for Japanese and Chinese draw
    them (Unicode Standard Annex 11, ambiguous width). By default that is so if the text has kanji
    or kana; in Korean these signs are of half width.
    """
    if text.isascii():
        return len(text)
    cells = wcswidth(text)
    if cells < 0:  # control characters have no width
        return len(text)
    is_full = has_full_signs(text) if is_full is None else is_full
    return cells + sum(map(_is_ambiguous, text, text[1:] + " ")) if is_full else cells


def has_full_signs(text: str) -> bool:
    """True if signs of ambiguous width in a text are as wide as a kanji."""
    return KANJI_OR_KANA.search(text) is not None


def _is_ambiguous(character: str, following: str) -> bool:
    """True for a sign that is one cell in Latin text and two in Japanese; letters stay narrow."""
    if following == "\ufe0f":  # an emoji, which has its two cells
        return False
    is_sign = unicodedata.category(character)[0] in "PSN"
    return is_sign and unicodedata.east_asian_width(character) == "A"


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
