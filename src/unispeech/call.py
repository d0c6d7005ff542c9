"""Callbacks of a call, and the journal that lets a call survive a restart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
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


class Spread(Journal, Protocol):
    """Journal of a call whose chunks several processes decode (`engine.spread`).

    Chunks are offered and taken by `(source, index)`; what is offered has no samples.
    """

    @property
    def sound(self) -> Path:
        """The recording as WAV of 16 kHz, 16 bits and one channel."""

    def offer(self, chunks: Sequence[Chunk]) -> None:
        """Store planned chunks, which other processes may take from now on. Idempotent."""

    def open(self, most: int) -> list[Chunk]:
        """Up to `most` chunks that this process may take, best first, without samples."""

    def take(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Reserve some of these chunks for this process: none if others have taken or recorded all
        of them. Near the end of a recording few, so that all processes end together."""


@dataclass(frozen=True, slots=True)
class Call:
    """Callbacks of one call, which run in the thread that does the work.

    `on_segment` gets each segment as it is decoded and `on_progress` the progress. `cancelled` is
    polled between batches; if it returns True, the call raises `Cancelled`. With a `journal`, an
    interrupted call resumes where it stopped (batched strategy only). With `spread`, the journal
    itself, other processes may decode some of the chunks (one recording of one lane).
    """

    on_segment: OnSegment = ignore
    on_progress: OnProgress = ignore
    cancelled: IsCancelled = never
    journal: Journal | None = None
    spread: Spread | None = None


def merge_callbacks(
    call: Call | None, on_progress: OnProgress, on_segment: OnSegment, cancelled: IsCancelled
) -> Call:
    """The callbacks of a public method as a `Call`, which callers may still pass themselves."""
    if call is None:
        return Call(on_segment, on_progress, cancelled)
    deprecation.warn("call= is deprecated; use on_progress=, on_segment= and cancelled=")
    return call
