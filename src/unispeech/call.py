"""Callbacks of one call, and the journal of one that outlives its process."""

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


def ignore(news: object) -> None:
    return None


class Journal(Protocol):
    """What has been decoded of a recording, kept where it outlives the process.

    Chunks are planned from the sound and the options alone, so after a restart `(source, index)`
    means the same chunk. A chunk that was recorded is not decoded again.
    """

    def recorded(self, chunk: Chunk) -> ChunkResult | None:
        """The result of a chunk, if there is one."""

    def record(self, chunks: Sequence[Chunk], results: Sequence[ChunkResult]) -> None:
        """Keep these results. Called as soon as they are final; not for chunks that failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """How one call is followed. All are called from the thread that does the work.

    `on_segment` hears each segment as it is decoded, `on_progress` how far it is, and `cancelled`
    is asked between batches (and makes the call raise `Cancelled`). With a `journal`, work that was
    interrupted goes on where it stopped (the batched strategy only).
    """

    on_segment: OnSegment = ignore
    on_progress: OnProgress = ignore
    cancelled: IsCancelled = never
    journal: Journal | None = None


def followed(
    call: Call | None, on_progress: OnProgress, on_segment: OnSegment, cancelled: IsCancelled
) -> Call:
    """The callbacks of a public method, which may still be given as a `Call`."""
    if call is None:
        return Call(on_segment, on_progress, cancelled)
    deprecation.warn("call= is deprecated; give on_progress=, on_segment= and cancelled= instead")
    return call
