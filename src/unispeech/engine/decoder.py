"""Decoding of batches: skip recorded chunks, decode doubtful chunks again."""

from __future__ import annotations

import itertools
from collections.abc import Container, Sequence
from dataclasses import dataclass

from unispeech.backends.base import Backend
from unispeech.call import Call
from unispeech.errors import BackendError, Cancelled
from unispeech.options import DecodeOptions
from unispeech.stages import guard
from unispeech.types import Chunk, ChunkResult


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decoder of one run. Several threads call it at once."""

    backend: Backend
    options: DecodeOptions
    call: Call
    failed: Container[int] = ()
    """Numbers of failed sources, whose chunks are not decoded."""

    def __call__(self, chunks: list[Chunk]) -> list[ChunkResult]:
        """Decode a batch: one result per chunk, which holds the error if the backend failed.

        Raises:
            Cancelled: the caller cancelled.
        """
        known = [self._known(chunk) for chunk in chunks]
        unknown = [chunk for chunk, result in zip(chunks, known, strict=True) if result is None]
        try:
            fresh = iter(self._fresh(unknown))
        except BackendError as error:
            fresh = itertools.repeat(ChunkResult((), error=error))
        return [result or next(fresh) for result in known]

    def _known(self, chunk: Chunk) -> ChunkResult | None:
        if chunk.source in self.failed:
            return ChunkResult(())
        return self.call.journal.recorded(chunk) if self.call.journal else None

    def _fresh(self, chunks: list[Chunk]) -> list[ChunkResult]:
        if not chunks:
            return []
        on_final = self.call.journal.record if self.call.journal else guard.ignore
        return guard.guarded(self._decode, chunks, self.options, self.backend.windows[-1], on_final)

    def _decode(self, chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        if self.call.cancelled():
            raise Cancelled()
        results = self.backend.transcribe_batch(chunks, options)
        if len(results) != len(chunks):
            raise BackendError(
                f"{self.backend.name} returned {len(results)} results for {len(chunks)} chunks"
            )
        return results
