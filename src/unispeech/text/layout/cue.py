"""A subtitle."""

from __future__ import annotations

from dataclasses import dataclass

from unispeech.text.layout.cells import length
from unispeech.types import Word


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle. Newlines in `text` separate its lines."""

    start: float
    end: float
    text: str
    segment: int = 0
    """The id of the cue's segment, or of its first segment."""
    speaker: str | None = None
    """The speaker; None if unknown, or if two speakers share the cue."""
    words: tuple[Word, ...] = ()
    """Its words with their times, each with its speaker; empty for a whole segment."""

    @property
    def cps(self) -> float:
        """Reading speed in characters per second. Spaces count, line breaks do not."""
        return length(self.text) / max(self.end - self.start, 0.001)


def speaker(name: str | None) -> str:
    """The prefix of a speaker's text; empty without a name."""
    return f"[{name}]: " if name else ""


NOBODY = "[?]: "
"""The prefix of text without a speaker, in a transcript that has speakers."""
