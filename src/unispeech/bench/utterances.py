"""One recording of a data set, with what is said in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from unispeech import languages
from unispeech.bench.accuracy import WordTime
from unispeech.errors import OptionError

NO_SPEECH = "zxx"
"""ISO 639-2 for no linguistic content: an empty text is then a reference, and not a missing one."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of a data set."""

    id: str
    audio: Path
    text: str | None = None
    """What is said; empty where nothing is; None where nobody knows."""
    language: str | None = None
    """A code that models know, or None: detected."""
    duration: float = 0.0
    words: tuple[WordTime, ...] = field(default=(), repr=False)
    set: str = ""
    """The name of its data set; empty where there is only one."""


def known(language: str | None) -> str | None:
    """The code as models know it, of a code or an English name; None for what is no single language
    (`zxx`, `mixed`)."""
    wanted = (language or "").strip().lower()
    try:
        return languages.code(wanted)
    except OptionError:
        return wanted if wanted and languages.exists(wanted) else None
