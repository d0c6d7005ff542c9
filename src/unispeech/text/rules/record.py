"""The record of changes in a transcript."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unispeech.types import Segment, shifted


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the rule, and the text before and after it, without space around it."""

    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A segment that rules changed, as it was before."""

    index: int
    """Its position in the original transcript."""
    original: Segment
    changes: tuple[Change, ...]
    """The changes in the order in which they were made; a later one may change an earlier one."""
    removed: bool = False
    """True if no text was left, so that the transcript lacks the segment."""

    def shifted(self, seconds: float) -> Edit:
        """A copy with all times moved by `seconds`."""
        return replace(self, original=shifted(self.original, seconds))
