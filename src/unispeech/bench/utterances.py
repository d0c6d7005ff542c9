"""Recordings of a dataset with their reference texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from unispeech import languages
from unispeech.bench.accuracy import WordTime
from unispeech.errors import OptionError

NO_SPEECH = "zxx"
"""ISO 639-2 for no linguistic content: an empty text is then a reference and not a missing one."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of a dataset."""

    id: str
    audio: Path
    text: str | None = None
    """The reference; empty if there is no speech; None if there is no reference."""
    language: str | None = None
    """A code that models know; None if it is to be detected."""
    duration: float = 0.0
    words: tuple[WordTime, ...] = field(default=(), repr=False)
    set: str = ""
    """The name of its dataset; empty if there is only one."""


def language_code(language: str | None) -> str | None:
    """Return the code that models use, by code or English name; None if it is not one language
    (`zxx`, `mixed`)."""
    normalised = (language or "").strip().lower()
    try:
        return languages.code(normalised)
    except OptionError:
        return normalised if normalised and languages.exists(normalised) else None
