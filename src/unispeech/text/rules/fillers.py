"""Hesitations such as "um", which carry no meaning.

The lists are short: words that also have a meaning (German "also", English "like", Japanese "あの")
are left to lists of the user's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from unispeech.text.rules.substitution import Rule, Substitution

FILLERS: Mapping[str, tuple[str, ...]] = {
    "en": ("um", "umm", "uh", "uhh", "uhm", "er", "erm"),
    "de": ("äh", "ähh", "ähm", "öh", "öhm", "ehm"),
    "fr": ("euh", "heu", "euhm"),
    "es": ("ehm", "em", "eem", "mmm"),
    "it": ("ehm", "uhm", "mmm"),
    "nl": ("eh", "ehm", "uh", "uhm", "euh"),
    "sv": ("öh", "öhm", "eh", "ehm"),
    "ja": ("えー", "えーと", "えっと", "えーっと", "あのー"),
}
"""Fillers by language. Japanese ones are removed only between punctuation marks."""
_ENDS = ".?!…。？！"
_COMMAS = ",、，;"


def fillers(words: Iterable[str]) -> Rule:
    """A rule that removes fillers in any case."""
    return removal("remove_fillers", words, is_exact=False)


def removal(name: str, words: Iterable[str], is_exact: bool) -> Rule:
    """A rule that removes whole words, with the commas around them.

    A sentence that began with such a word begins with a capital afterwards. Punctuation that ends
    a sentence moves to the word before.
    """
    longest_first = sorted(words, key=len, reverse=True)
    word = "(?:" + "|".join(r"\s+".join(map(re.escape, w.split())) for w in longest_first) + ")"
    run = re.compile(
        rf"(?<![\w'’-]){word}(?:[\s{_COMMAS}…]+{word})*(?!\w|['’-]\w)",
        0 if is_exact else re.IGNORECASE,
    )
    return Rule(name, lambda text: list(_removals(text, run)))


def _removals(text: str, run: re.Pattern[str]) -> Iterator[Substitution]:
    for match in run.finditer(text):
        start, end = match.span()
        before = text[:start].rstrip()
        if not before or before[-1] in _ENDS:
            yield from _at_start(text, start, end)
        else:
            yield from _inside(text, len(before), end)


def _inside(text: str, start: int, end: int) -> Iterator[Substitution]:
    """Remove a filler after a word that ends at `start`."""
    has_comma = bool(_length(rf"\s*[{_COMMAS}]", text[end:]))
    stop = end + _length(rf"\s*[{_COMMAS}]" if has_comma else rf"[{_ENDS}]+", text[end:])
    ending = "" if has_comma else text[end:stop]
    closes = has_comma or ending or not text[stop:].strip()
    comma = 1 if closes and text[start - 1] in _COMMAS else 0
    if comma or ending:
        yield Substitution(start - comma, start, ending)
    yield Substitution(start, stop, "")


def _at_start(text: str, start: int, end: int) -> Iterator[Substitution]:
    """Remove a filler that begins a sentence, and pass its capital on."""
    is_capital = text[start].isupper()
    end += _length(rf"\s*[{_COMMAS}{_ENDS}]+|\s*[-–—](?=\s|$)", text[end:])
    start = len(text[:start].rstrip())
    if start == 0 and not text[:1].isspace():
        end += _length(r"\s+", text[end:])
    yield Substitution(start, end, "")
    letter = end + _length(r"\s*", text[end:])
    if is_capital and text[letter : letter + 1].islower():
        yield Substitution(letter, letter + 1, text[letter].upper())


def _length(pattern: str, text: str) -> int:
    """The length of a match at the start of a text; 0 without a match."""
    match = re.match(pattern, text)
    return match.end() if match else 0
