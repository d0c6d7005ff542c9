"""Callbacks of a call, and the journal that lets a call survive a restart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from unispeech.system import deprecation
from unispeech.types import Chunk, ChunkResult, Progress, Segment

OnProgress = Callable[[Progress], None]
OnSegment = Callable[[Segment], None]
IsCancelled = Callable[[], bool]


def never() -> bool:
    return False


def ignore(event: object) -> None:
    return None


class Journal(Protocol):
    """Persistent store of the decoded chunks of a call.

    Chunks are planned from the sound and the options alone, so `(source, index)` identifies the
    same chunk after a restart. A recorded chunk is never decoded again.
    """

    def recorded(self, chunk: Chunk) -> ChunkResult | None:
        """The recorded result of a chunk, or None."""

    def record(self, chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        """Store results. Called as soon as they are final, and not for failed chunks."""


@dataclass(frozen=True, slots=True)
class Call:
    """Callbacks of one call, which run in the thread that does the work.

    `on_segment` gets each segment as it is decoded and `on_progress` the progress. `cancelled` is
    polled between batches; if it returns True, the call raises `Cancelled`. With a `journal`, an
    interrupted call resumes where it stopped (batched strategy only).
    """

    on_segment: OnSegment = ignore
    on_progress: OnProgress = ignore
    cancelled: IsCancelled = never
    journal: Journal | None = None


def merge_callbacks(
    call: Call | None, on_progress: OnProgress, on_segment: OnSegment, cancelled: IsCancelled
) -> Call:
    """The callbacks of a public method as a `Call`, which callers may still pass themselves."""
    if call is None:
        return Call(on_segment, on_progress, cancelled)
    deprecation.warn("call= is deprecated; use on_progress=, on_segment= and cancelled=")
    return call
