"""Pieces of a transcript that no break may split: words with their punctuation, numbers with their
units, characters of Japanese and Chinese as line breaking allows (kinsoku)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from typing import Any

from unispeech.text import timing
from unispeech.text.layout import phrases
from unispeech.text.layout.cells import width
from unispeech.text.layout.limits import Layout
from unispeech.types import Segment, Word

NO_LINE_START = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー）］｝〉》」』】〕〗〙’”…‥"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
)
"""Characters that no Japanese or Chinese line begins with (JIS X 4051, W3C jlreq 3.1.7)."""
NO_LINE_END = frozenset("（［｛〈《「『【〔〖〘‘“")
"""Characters that no line ends with (W3C jlreq 3.1.8)."""
KANA = re.compile("[\u3040-\u30ff]")
HAN = re.compile("[\u3400-\u9fff]")
MAX_PAUSE = 1.0
"""Seconds of silence that part even a phrase, if the layout names no pause."""
THAI = re.compile("[\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text without a break, with its leading space if it has one."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...]
    segment: int
    speaker: str | None
    break_cost: float = 0.0
    """Cost of a break before it."""


def pieces(segment: Segment, language: str, layout: Layout) -> list[Piece]:
    """The pieces of a segment. Their texts, without spaces, join to the text of its words."""
    words = segment.words or timing.interpolated(segment.text, segment.start, segment.end)
    has_speakers = any(word.speaker for word in words)
    parts: list[Piece] = []
    for word in _units(words):
        text = _plain(word.word)
        if text.strip():
            speaker = (word.speaker or segment.speaker) if has_speakers else segment.speaker
            parts.append(Piece(text, word.start, word.end, (word,), segment.id, speaker))
    parts = _costed(_bracketed(parts), segment.language or language)
    return list(_glued(parts, layout))


def _plain(text: str) -> str:
    """Normalise spaces and remove what would begin a cue (an arrow)."""
    lead = " " if text[:1].isspace() else ""
    return lead + " ".join(text.split()).replace("-->", "->")


def _units(words: Iterable[Word]) -> Iterator[Word]:
    """Words; in scripts without spaces, characters with their share of the word's time."""
    for word in words:
        yield from timing.pieces(word)


def _bracketed(parts: list[Piece]) -> list[Piece]:
    """Move an opening bracket at the end of a piece to the next piece."""
    moved = list(parts)
    for n in range(len(moved) - 1):
        text = moved[n].text
        kept = text.rstrip("".join(NO_LINE_END))
        if kept.strip() and kept != text and not moved[n + 1].text[:1].isspace():
            moved[n] = replace(moved[n], text=kept)
            moved[n + 1] = replace(moved[n + 1], text=text[len(kept) :] + moved[n + 1].text)
    return moved


def _costed(parts: list[Piece], language: str) -> list[Piece]:
    """Pieces with the cost of the break before each."""
    starts = _phrase_starts([part.text for part in parts], language)
    costed = parts[:1]
    for n in range(1, len(parts)):
        cost = phrases.break_cost(parts[n - 1].text, parts[n].text, language)
        if starts is not None and not parts[n].text[0].isspace() and cost == phrases.PLAIN:
            cost = phrases.PLAIN if n in starts else phrases.INSIDE_PHRASE
        costed.append(replace(parts[n], break_cost=cost))
    return costed


def _phrase_starts(texts: Sequence[str], language: str) -> set[int] | None:
    """The pieces that begin a phrase, for scripts without spaces; None for other scripts."""
    text = "".join(texts)
    parser = _parser(text, language)
    if parser is None:
        return None
    offsets = {0, *accumulate(len(phrase) for phrase in parser.parse(text))}
    return {n for n, at in enumerate(accumulate(map(len, texts), initial=0)) if at in offsets}


def _parser(text: str, language: str) -> Any:
    """BudouX's model for a text, if its script needs one."""
    if KANA.search(text):
        return _loaded("load_default_japanese_parser")
    if HAN.search(text):
        is_traditional = language == "yue"
        name = "traditional" if is_traditional else "simplified"
        return _loaded(f"load_default_{name}_chinese_parser")
    return _loaded("load_default_thai_parser") if THAI.search(text) else None


@cache
def _loaded(name: str) -> Any:
    import budoux

    return getattr(budoux, name)()


def _glued(parts: Iterable[Piece], layout: Layout) -> Iterator[Piece]:
    """Join the pieces that no break may part."""
    last: Piece | None = None
    for part in parts:
        if last is not None and _is_inseparable(last, part, layout):
            last = replace(
                last, text=last.text + part.text, end=part.end, words=last.words + part.words
            )
            continue
        if last is not None:
            yield last
        last = part
    if last is not None:
        yield last


def _is_inseparable(last: Piece, part: Piece, layout: Layout) -> bool:
    if last.speaker != part.speaker:
        return False
    text = part.text.strip()
    is_continued = not part.text[0].isspace() and not timing.SIGNS.search(last.text[-1] + text[0])
    if is_continued or _is_punctuation(text) or text[0] in NO_LINE_START or _opens(last.text):
        return True
    limit = layout.max_line_width
    if layout.max_words_per_line is not None or (
        limit is not None and width((last.text + part.text).strip()) > limit
    ):
        return False
    if part.break_cost == phrases.INSIDE_PHRASE:  # else fast speech is cut inside its words
        longest = MAX_PAUSE if layout.max_pause is None else layout.max_pause
        return part.start - last.end <= longest
    return phrases.belongs_together(last.text.rsplit(" ", 1)[-1], text)


def _is_punctuation(text: str) -> bool:
    """True for punctuation alone that belongs to the word before, as in `Oui !`."""
    if not all(unicodedata.category(character)[0] == "P" for character in text):
        return False
    return not _opens(text)


def _opens(text: str) -> bool:
    """True if a text ends with an opening bracket or quote."""
    last = text[-1]
    return last in NO_LINE_END or last in "¿¡" or unicodedata.category(last) == "Ps"
