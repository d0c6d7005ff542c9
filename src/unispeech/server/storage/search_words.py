"""Words of texts and queries as the full-text index compares them: without case and accents.

Both databases index these words and nothing else, so they find the same (decision 0108).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from unispeech.text.timing import SIGNS

MAX_LENGTH = 100
"""Characters of a word that are compared. PostgreSQL stores at most 2046 bytes."""
_QUOTED = re.compile(r'"([^"]*)"?|([^"\s]+)')
_KEPT_MARKS = (0, 7, 8, 9)
"""Combining classes of marks that stay: Indic vowels, nukta, kana voicing, virama."""


@dataclass(frozen=True, slots=True)
class FoundWord:
    """Word as it is compared, and its place in the text."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Term:
    """Consecutive words of a query. The last one may be the beginning of a longer word."""

    words: tuple[str, ...]
    is_prefix: bool


def words_of(text: str) -> Iterator[FoundWord]:
    """Return the words of a text; in scripts without spaces each character is a word."""
    start = None
    for at, character in enumerate(text):
        is_sign = SIGNS.match(character) is not None
        is_letter = _is_letter(character)
        if start is not None and (is_sign or not is_letter):
            yield FoundWord(_folded(text[start:at]), start, at)
            start = None
        if is_sign and is_letter:
            yield FoundWord(_folded(character), at, at + 1)
        elif is_letter and start is None:
            start = at
    if start is not None:
        yield FoundWord(_folded(text[start:]), start, len(text))


def terms_of(query: str) -> list[Term]:
    """Return the terms of a query, all of which have to occur.

    A term is a word or the beginning of one. In double quotes it is a phrase of complete words.
    """
    terms = []
    for phrase, word in _QUOTED.findall(query):
        words = tuple(found.folded for found in words_of(phrase or word))
        if words:
            terms.append(Term(words, is_prefix=bool(word)))
    return terms


def matches(text: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Return the places of the terms in a text, in order and without overlaps."""
    words = list(words_of(text))
    places = [
        (words[at].start, words[at + len(term.words) - 1].end)
        for term in terms
        for at in range(len(words) - len(term.words) + 1)
        if _matches_at(words, at, term)
    ]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(places):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _matches_at(words: Sequence[FoundWord], at: int, term: Term) -> bool:
    there = [word.folded for word in words[at : at + len(term.words)]]
    *first, last = term.words
    return (
        bool(there)
        and there[:-1] == first
        and (there[-1].startswith(last) if term.is_prefix else there[-1] == last)
    )


def _folded(word: str) -> str:
    """Return a word without case and diacritics."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", word.casefold())
        if _is_letter(character) and unicodedata.combining(character) in _KEPT_MARKS
    )
    return (unicodedata.normalize("NFC", plain) or word)[:MAX_LENGTH]


def _is_letter(character: str) -> bool:
    """Return whether a character belongs to a word: a letter, a number or a mark."""
    return unicodedata.category(character)[0] in "LNM"
