"""Prompts that leak: over noise a model writes the words of its prompt or hotwords.

A text of such words is compared with the text that the model writes without them. In speech both
sound alike, and the model is sure that it is speech (decision 0072).
"""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import SequenceMatcher

from unispeech import languages
from unispeech.options import DecodeOptions
from unispeech.types import ChunkResult

ECHO = 0.75
"""Share of the words of a text that are in the prompt, from which it may be an echo."""
ALIKE = 0.6
"""Similarity in letters of two texts from which both are of the same speech."""
UNLIKE = 0.5
"""Similarity below which they are not."""


def without_prompt(options: DecodeOptions) -> DecodeOptions:
    return replace(options, initial_prompt=None, hotwords=None)


def has_prompt(options: DecodeOptions) -> bool:
    return bool(_prompt(options).strip())


def is_echo(text: str, options: DecodeOptions, language: str | None) -> bool:
    """True if most words of a text are in the prompt or the hotwords."""
    words, known = _words(text, language), set(_words(_prompt(options), language))
    return bool(words) and sum(word in known for word in words) >= ECHO * len(words)


def _prompt(options: DecodeOptions) -> str:
    return f"{options.initial_prompt or ''} {options.hotwords or ''}"


def similarity(first: ChunkResult, second: ChunkResult) -> float:
    """Similarity of two texts in letters, 0 to 1: a misspelt name sounds like the name."""
    return SequenceMatcher(None, _letters(first), _letters(second), autojunk=False).ratio()


def _letters(result: ChunkResult) -> str:
    return re.sub(r"[\W_]", "", result.text.lower())


def _words(text: str, language: str | None) -> list[str]:
    pattern = r"\w" if languages.is_spaceless(language) else r"\w+"
    return re.findall(pattern, text.lower())
