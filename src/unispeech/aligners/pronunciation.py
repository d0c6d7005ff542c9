"""Pronunciations of written words, for the acoustic models of SoundSwallower."""

from __future__ import annotations

import itertools
import unicodedata
from functools import lru_cache

from unispeech.aligners import letters, lexicon
from unispeech.aligners.spoken import readings

MAX_PRONUNCIATIONS = 12


@lru_cache(maxsize=20_000)
def pronunciations(word: str, language: str) -> tuple[str, ...]:
    """The pronunciations of a written word, phones separated by spaces.

    From the dictionary; for other words, from their letters. Empty if nothing of it is spoken, or
    if it is written in an unknown script.
    """
    found: list[str] = []
    for reading in readings(word, language):
        spoken = [_single(part, language) for part in reading.split()]
        parts = [variants for variants in spoken if variants]
        if parts:
            found += [" ".join(choice) for choice in itertools.islice(itertools.product(*parts), 6)]
    return tuple(dict.fromkeys(found))[:MAX_PRONUNCIATIONS]


def _single(word: str, language: str) -> tuple[str, ...]:
    known = lexicon.read(language)
    word = word.replace("œ", "oe")  # as the dictionary spells it; NFKD does not decompose it
    bare = word.strip("'")
    for form in (word, bare, _unaccented(word), bare + "."):
        if form in known:
            return known[form]
    if "'" in bare:  # l'homme, rock'n'roll
        head, _, tail = bare.partition("'")
        first, second = _elided(head, language), _single(tail, language)
        return tuple(f"{a} {b}".strip() for a in first or ("",) for b in second or ("",))[:6]
    guessed = letters.pronounce(word, letters.rules(language))
    guessed = guessed or letters.pronounce(_unaccented(bare), letters.rules(language))
    return (" ".join(guessed),) if guessed else ()


def _elided(head: str, language: str) -> tuple[str, ...]:
    known = lexicon.read(language)
    return known.get(f"{head}'") or known.get(head) or _single(head, language)


def _unaccented(word: str) -> str:
    parts = unicodedata.normalize("NFKD", word)
    return "".join(c for c in parts if not unicodedata.combining(c))
