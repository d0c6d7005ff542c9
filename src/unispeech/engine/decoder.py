"""Decoding of batches: skip recorded chunks, decode doubtful chunks again."""

from __future__ import annotations

import itertools
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from unispeech.backends.base import Backend
from unispeech.backends.failures import trusted
from unispeech.call import Call
from unispeech.errors import BackendError, Cancelled
from unispeech.options import DecodeOptions
from unispeech.stages import guard, seams, spoken
from unispeech.stages.windows import fit
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

    def again(self, chunk: Chunk) -> ChunkResult:
        """Decode a chunk once, without the guard. The result holds the error if that failed.

        Raises:
            Cancelled: the caller cancelled.
        """
        try:
            return self._decode([chunk], self.options)[0]
        except BackendError as error:
            return ChunkResult((), error=error)

    def _known(self, chunk: Chunk) -> ChunkResult | None:
        if chunk.source in self.failed:
            return ChunkResult(())
        return self.call.journal.recorded(chunk) if self.call.journal else None

    def _fresh(self, chunks: list[Chunk]) -> list[ChunkResult]:
        if not chunks:
            return []
        results = self._decode(chunks, self.options)
        once = [i for i, chunk in enumerate(chunks) if seams.is_seam(chunk)]
        self._on_final([chunks[i] for i in once], [results[i] for i in once])
        mixed: list[int] = []
        for i, result in enumerate(results):
            if result.languages and i not in once:
                stretches = spoken.stretches(chunks[i], result.languages)
                if [s.language for s in stretches] != [_language(chunks[i], result)]:
                    mixed.append(i)
                chunks[i] = replace(chunks[i], language=stretches[0].language)
        plain = [i for i in range(len(chunks)) if i not in mixed and i not in once]
        checked = guard.checked(
            self._decode,
            [chunks[i] for i in plain],
            [results[i] for i in plain],
            self.options,
            self.backend.windows,
            self._on_final,
        )
        for i, result in zip(plain, checked, strict=True):
            results[i] = result
        for i in mixed:
            results[i] = self._mixed(chunks[i], results[i])
        return results

    def _mixed(self, chunk: Chunk, first: ChunkResult) -> ChunkResult:
        """Decode a chunk with several languages, each stretch in its own."""
        windows = self.backend.windows
        stretches = spoken.stretches(chunk, first.languages)
        pieces, results = [], []
        for stretch in stretches:  # one at a time, since their windows differ
            piece = fit(chunk.part(stretch.start, stretch.end, None), windows)
            piece, alone = self._in_its_language(piece, stretch, first)
            pieces.append(piece)
            results.append(alone)
        if len({piece.language for piece in pieces}) == 1:  # the parts misled: keep it whole
            whole = replace(chunk, language=pieces[0].language)
            if whole.language != _language(chunk, first):
                first = self._decode([whole], self.options)[0]
            return self._checked(whole, first, self._on_final)
        for i, piece in enumerate(pieces):
            results[i] = self._checked(piece, results[i], guard.ignore)
        result = spoken.joined(chunk, pieces, results)
        result = replace(result, languages=first.languages)
        self._on_final([chunk], [result])
        return result

    def _in_its_language(
        self, piece: Chunk, stretch: spoken.Stretch, around: ChunkResult
    ) -> tuple[Chunk, ChunkResult]:
        """Decode a stretch, which is encoded alone, in the language that fits it best."""
        result = self._decode([piece], self.options)[0]
        language = spoken.agreed(piece, stretch, around.languages, result.languages)
        known = replace(piece, language=language)
        if language != _language(piece, result):
            result = self._decode([known], self.options)[0]
        return known, result

    def _checked(self, chunk: Chunk, first: ChunkResult, on_final: guard.OnFinal) -> ChunkResult:
        windows = self.backend.windows
        return guard.checked(self._decode, [chunk], [first], self.options, windows, on_final)[0]

    @property
    def _on_final(self) -> guard.OnFinal:
        return self.call.journal.record if self.call.journal else guard.ignore

    def _decode(self, chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        if self.call.cancelled():
            raise Cancelled()
        with trusted(self.backend.name):
            results = self.backend.transcribe_batch(chunks, options)
        if len(results) != len(chunks):
            raise BackendError(
                f"{self.backend.name} returned {len(results)} results for {len(chunks)} chunks"
            )
        return [_with_language(c, r) for c, r in zip(chunks, results, strict=True)]


def _with_language(chunk: Chunk, result: ChunkResult) -> ChunkResult:
    language = _language(chunk, result)
    segments = (replace(s, language=s.language or language) for s in result.segments)
    return replace(result, segments=tuple(segments))


def _language(chunk: Chunk, result: ChunkResult) -> str | None:
    """The language that a chunk was decoded in."""
    return spoken.likeliest(chunk, result.languages)[0] if result.languages else chunk.language
