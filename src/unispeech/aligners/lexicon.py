"""The pronunciation dictionaries that SoundSwallower ships."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from unispeech.models.companions import SOUNDSWALLOWER

_VARIANT = re.compile(r"\(\d+\)$")


def folder(language: str) -> Path | None:
    """The folder of a language's acoustic model; None if SoundSwallower has none or is missing."""
    spec = find_spec("soundswallower")
    if language not in SOUNDSWALLOWER or spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "model" / SOUNDSWALLOWER[language]


@cache
def read(language: str) -> dict[str, tuple[str, ...]]:
    """The pronunciations of each word in lower case, phones separated by spaces."""
    path = folder(language)
    assert path is not None
    words: dict[str, tuple[str, ...]] = {}
    for line in (path / "dict.txt").read_text(encoding="utf-8").splitlines():
        word, _, phones = line.partition(" ")
        if phones and not line.startswith(";;"):
            word = _VARIANT.sub("", word.lower())
            words[word] = (*words.get(word, ()), " ".join(phones.split()))
    return words
