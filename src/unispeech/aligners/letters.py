"""Pronunciations of words that are in no dictionary, from their letters.

A table has the phones of a letter in its context. The rule of the widest known context applies
(decision lists as in Yarowsky 1994; cf. Black, Lenzo and Pagel 1998). `benchmarks/letter_sounds.py`
makes the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

Rules = dict[str, tuple[str, ...]]
"""The phones of a letter by its context: for example `p_h` is the `h` after a `p`."""
CONTEXTS = ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (3, 4), (4, 4))
"""Letters before and after the letter, from the narrowest context to the widest."""
EDGE = "#"


def contexts(word: str, at: int) -> Iterator[str]:
    """The contexts of a letter, from the narrowest to the widest: `_h`, `_ho`, `p_ho` and so on."""
    padded = EDGE * 4 + word + EDGE * 4
    at += 4
    for left, right in CONTEXTS:
        yield padded[at - left : at] + "_" + padded[at : at + right + 1]


def pronounce(word: str, rules: Rules) -> tuple[str, ...]:
    """The phones of a word in lower case. Letters without a rule are silent."""
    phones: list[str] = []
    for at in range(len(word)):
        for context in reversed([*contexts(word, at)]):
            if context in rules:
                phones += rules[context]
                break
    return tuple(phones)


@cache
def rules(language: str) -> Rules:
    """The table of a language: `en` or `fr`."""
    text = files("unispeech.aligners").joinpath(f"letters_{language}.tsv").read_text("utf-8")
    table: Rules = {}
    for line in text.splitlines():
        context, _, phones = line.partition("\t")
        table[context] = tuple(phones.split())
    return table
