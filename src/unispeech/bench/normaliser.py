"""Text normalisation before errors are counted: Whisper's normalisers, then words or characters.

Robust Speech Recognition via Large-Scale Weak Supervision (Radford et al. 2022), appendix C.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from functools import cache

from unispeech.languages import is_spaceless

ADDED_RULES = (r"\bkinda\b", r"\bsorta\b", r"\bdunno\b")
"""Rules that the library adds to Whisper's. They are removed, so that figures are comparable."""


@cache
def normaliser(language: str | None) -> Callable[[str], str]:
    """Return Whisper's normaliser for a language: the English one for `en`, else the basic one."""
    if language == "en":
        return _english()
    from whisper_normalizer.basic import BasicTextNormalizer

    basic: Callable[[str], str] = BasicTextNormalizer(split_letters=is_spaceless(language))
    return basic


def _english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    with warnings.catch_warnings():
        # The constructor leaves a file open. Collect it here, where the warning is ignored.
        warnings.simplefilter("ignore", ResourceWarning)
        english = EnglishTextNormalizer()
        gc.collect()
    for rule in ADDED_RULES:
        english.replacers.pop(rule, None)
    normal: Callable[[str], str] = english
    return normal


def units(text: str, language: str | None) -> list[str]:
    """Return the normalised words; in a language written without spaces, the characters."""
    return normaliser(language)(text).split()


def characters(text: str, language: str | None) -> str:
    """Return the normalised text, with single spaces between words if the language has spaces."""
    return ("" if is_spaceless(language) else " ").join(units(text, language))
