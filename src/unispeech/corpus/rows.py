"""A row of a manifest: one recording, or a part of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a manifest. Times are seconds from the start of its recording."""

    number: int
    """Its place in the manifest, from 0."""
    audio: str
    """The path or URL of the recording, as `open` takes it; of sound inside the manifest, its
    name."""
    id: str = ""
    """The manifest's own name of the row, if it has one."""
    start: float = 0.0
    end: float | None = None
    """None: the end of the recording."""
    language: str | None = None
    """Code or name, if the manifest states it."""
    stated: float | None = None
    """Seconds of sound that the manifest states, for estimates; not relied upon."""
    content: Callable[[], bytes] | None = None
    """Reads the sound, if it is inside the manifest."""
    problem: str = ""
    """The reason why the line is no row; empty if it is."""

    @property
    def is_part(self) -> bool:
        return self.start > 0 or self.end is not None


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` equal shares of the rows: every `count`-th."""

    index: int = 1
    """From 1."""
    count: int = 1

    def has(self, number: int) -> bool:
        return number % self.count == self.index - 1
