"""Numbers in words or in digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from unispeech.text.layout.phrases import UNITS
from unispeech.text.rules.substitution import Rule, Substitution

TO_DIGITS = ("en", "fr", "es", "pt", "de", "nl", "da", "it")
"""The languages of text2num."""
MONTHS: Mapping[str, str] = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
"""Months, whose days stay in digits. num2words writes numbers of these languages."""
TO_WORDS = tuple(MONTHS)
_NUMBER = re.compile(r"(?<![\w.,:/$€£¥§#+−–—-])\d{1,2}(?![\w%°€£$¥\"'’/+−–—-]|[.,:]\d)")
"""A number up to 99, the largest that is written in words, as most style guides advise."""
ROUND = (100, 1000, 10**6, 10**9)
"""Numbers that stay if they are a single word: text2num takes "hundreds" for 100."""


class _Token:
    """A word or the text between two words, for text2num."""

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def nt_separated(self, previous: _Token) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return False


def digits(language: str) -> Rule:
    """A rule that writes numbers in digits.

    A single number below four stays, and so do ordinals, round words such as "hundreds", what
    follows "a" ("a million"), what has digits, and numbers in a row: "nineteen eighty-four" may be
    a year, and "five five one" a telephone number.
    """

    def find(text: str) -> list[Substitution]:
        from text_to_num import find_numbers

        spans = [match.span() for match in re.finditer(r"[^\W\d_]+|\d+|\s+|.", text)]
        tokens = [_Token(text[start:end]) for start, end in spans]
        numbers = list(find_numbers(tokens, language))
        found = [
            Substitution(spans[number.start][0], spans[number.end - 1][1], number.text)
            for number in numbers
        ]
        staying = {
            change
            for number, change in zip(numbers, found, strict=True)
            if number.is_ordinal
            or (number.end - number.start == 1 and number.value in ROUND)
            or re.search(r"\d", text[change.start : change.end])
            or (language == "en" and re.search(r"\b[Aa]\s+$", text[: change.start]))
        }
        in_row = {
            number
            for left, right in pairwise(found)
            if not text[left.end : right.start].strip(" -")
            for number in (left, right)
        }
        return [number for number in found if number not in in_row | staying]

    return Rule("numerals", find)


def words(language: str) -> Rule:
    """A rule that spells whole numbers up to 99, except in dates and before units."""
    months = {name.lower() for name in MONTHS[language].split()}

    def find(text: str) -> Iterator[Substitution]:
        for match in _NUMBER.finditer(text):
            before, after = text[: match.start()], text[match.end() :]
            if not _stays(before, after, months, language):
                yield Substitution(*match.span(), _spelled(int(match[0]), before, language))

    return Rule("numerals", lambda text: list(find(text)))


def _stays(before: str, after: str, months: set[str], language: str) -> bool:
    """True if a number is part of a date, an ordinal or a quantity, or is followed by digits."""
    last = re.search(r"(\w+)\s*$", before)
    following = re.match(r"\.?\s*([^\s,;:!?]*)", after)
    word = following[1].lower().rstrip(".") if following else ""
    neighbours = {word, last[1].lower() if last else ""}
    is_ordinal = language == "de" and bool(re.match(r"\.\s", after))
    is_quantity = word in UNITS or word[:1] in tuple("%°€$£¥")
    has_digits = any(part[:1].isdigit() for part in neighbours)
    return bool(neighbours & months) or is_ordinal or (bool(word) and is_quantity) or has_digits


def _spelled(number: int, before: str, language: str) -> str:
    from num2words import num2words

    spelled: str = num2words(number, lang=language)
    begins = not before.strip() or before.rstrip()[-1] in ".?!…"
    return spelled[0].upper() + spelled[1:] if begins else spelled
