"""Decoding of a stretch of live sound into words, through the backend of an engine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from unispeech import languages
from unispeech.aligners import attention
from unispeech.backends.base import Backend
from unispeech.backends.failures import trusted
from unispeech.ctc import words
from unispeech.errors import BackendError
from unispeech.models import attention_bias
from unispeech.models.facts import ModelFacts
from unispeech.options import CallOptions, DecodeOptions, TranscribeOptions
from unispeech.stages import doubts, guard, stitch
from unispeech.stages.windows import fit
from unispeech.types import Chunk, ChunkResult, Samples, Segment, Word

SHORT_WINDOW = 10.0
"""Seconds of the window for a short phrase, if the backend's shortest window is longer. In one of
5 s tiny.en repeats short phrases (decision 0064)."""
PROMPT_LENGTH = 200
"""Characters of final text that the model gets as its prompt."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The words of a stretch of sound, in seconds from the start of the stream."""

    words: tuple[Word, ...] = ()
    doubt: str = ""
    """The reason not to trust the words, or empty."""


@dataclass(frozen=True)
class Hearing:
    """One backend and the options of one stream. Stateless, so sessions may share it.

    If the engine comes from a pool, simultaneous streams share batches.
    """

    backend: Backend
    facts: ModelFacts
    options: TranscribeOptions
    prompts: bool = True
    """True if the backend takes the preceding text as a prompt."""
    language_free: bool = False
    """True if the model needs no language and detects none."""

    @classmethod
    def of(cls, engine: Any, **options: Unpack[CallOptions]) -> Hearing:
        """Deprecated: use `Engine.listen`, which returns a session."""
        warnings.warn(
            "Hearing.of is deprecated; use Engine.listen", DeprecationWarning, stacklevel=2
        )
        hearing: Hearing = engine.listen(**options).hearing
        return hearing

    def language(self, samples: Samples) -> tuple[str, float]:
        """Return the language of a stretch of speech and its probability."""
        if self.options.decode.language is not None:
            return self.facts.language(self.options.decode.language), 1.0
        if not self.facts.multilingual:
            return next(iter(self.facts.languages)), 1.0
        if self.language_free:
            return "", 0.0
        return self.backend.detect_language(samples)

    def draft(self, chunk: Chunk, before: str) -> Hypothesis:
        """Decode once, as fast as possible. An error of the backend becomes a doubt."""
        chunk = self._fit(chunk)
        try:
            result = self._decode([chunk], self._prompted(before))[0]
        except BackendError as error:
            return Hypothesis(doubt=str(error))
        return Hypothesis(self._words(chunk, result), doubts.suspicion(chunk, result))

    def decode(self, chunk: Chunk, before: str) -> Hypothesis:
        """Decode with the guard against repeated and missing text. An error becomes a doubt."""
        chunk = self._fit(chunk)
        try:
            windows = self.backend.windows
            result = guard.guarded(self._decode, [chunk], self._prompted(before), windows)[0]
        except BackendError as error:
            return Hypothesis(doubt=str(error))
        gaps = stitch.gaps(chunk, result)
        return Hypothesis(self._words(chunk, result), gaps[0].reason if gaps else "")

    def _decode(self, chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        """Decode a batch; the frame scores of a CTC model become words."""
        with trusted(self.backend.name):
            results = self.backend.transcribe_batch(chunks, options)
        return [
            result
            if result.emissions is None
            else ChunkResult(words.read(result.emissions, chunk.language, True, options.ngram))
            for chunk, result in zip(chunks, results, strict=True)
        ]

    def _fit(self, chunk: Chunk) -> Chunk:
        windows = self.backend.windows
        if len(windows) > 1 and windows[0] > SHORT_WINDOW:
            windows = (SHORT_WINDOW, *windows)
        return fit(chunk, windows)

    def _prompted(self, before: str) -> DecodeOptions:
        """The options with the caller's prompt extended by the preceding final text."""
        options = self.options.decode
        if not self.prompts or not before:
            return options
        prompt = " ".join(filter(None, [options.initial_prompt, before.strip()]))
        return replace(options, initial_prompt=prompt)

    def _timed(self, chunk: Chunk, result: ChunkResult) -> ChunkResult:
        """Remove the bias of attention; a CTC model's words have none."""
        bias = attention_bias.bias(self.backend.name, self.facts.name)
        return attention.unbiased(chunk.samples, result, bias.of(chunk.language))

    def _words(self, chunk: Chunk, result: ChunkResult) -> tuple[Word, ...]:
        language = chunk.language if self.options.decode.task == "transcribe" else "en"
        spaceless = languages.is_spaceless(language)
        return tuple(
            word
            for segment in stitch.place(chunk, self._timed(chunk, result), 0)
            for word in segment.words or _spread(segment, spaceless)
        )


def _spread(segment: Segment, spaceless: bool) -> Iterator[Word]:
    """Estimate the word times of a segment that has none, in proportion to the words' length."""
    text = segment.text
    pieces = list(text) if spaceless else [f" {piece}" for piece in text.split()]
    if pieces and not text[:1].isspace() and not spaceless:
        pieces[0] = pieces[0].lstrip()
    total = sum(map(len, pieces)) or 1
    start = segment.start
    for piece in pieces:
        end = start + (segment.end - segment.start) * len(piece) / total
        yield Word(round(start, 3), round(end, 3), piece, 0.0, timed_by="estimated")
        start = end
