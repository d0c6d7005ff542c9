"""What is counted: text after Whisper's own normalisers, in words or in characters.

Robust Speech Recognition via Large-Scale Weak Supervision (Radford et al. 2022), appendix C.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from functools import cache

from unispeech.languages import is_spaceless

NOT_WHISPERS = (r"\bkinda\b", r"\bsorta\b", r"\bdunno\b")
"""Rules the library has added to Whisper's; figures are to be those of the paper's normaliser."""


@cache
def normaliser(language: str | None) -> Callable[[str], str]:
    """Whisper's normaliser of a language: the English one for `en`, else the basic one."""
    if language == "en":
        return _english()
    from whisper_normalizer.basic import BasicTextNormalizer

    basic: Callable[[str], str] = BasicTextNormalizer(split_letters=is_spaceless(language))
    return basic


def _english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    with warnings.catch_warnings():
        # It leaves the file of its spellings open; collected here, where that is not heard.
        warnings.simplefilter("ignore", ResourceWarning)
        english = EnglishTextNormalizer()
        gc.collect()
    for rule in NOT_WHISPERS:
        english.replacers.pop(rule, None)
    normal: Callable[[str], str] = english
    return normal


def units(text: str, language: str | None) -> list[str]:
    """The words to count; the characters, in a language written without spaces."""
    return normaliser(language)(text).split()


def characters(text: str, language: str | None) -> str:
    """The characters to count, single spaces between words (none where words have none)."""
    return ("" if is_spaceless(language) else " ").join(units(text, language))
