"""How a session hears a stretch of sound: through an engine's backend, a word at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from unispeech import languages
from unispeech.backends.base import Backend
from unispeech.ctc import words
from unispeech.errors import BackendError
from unispeech.models.facts import ModelFacts
from unispeech.options import CallOptions, DecodeOptions, TranscribeOptions
from unispeech.stages import guard, stitch
from unispeech.stages.windows import fit
from unispeech.types import Chunk, ChunkResult, Samples, Segment, Word

SHORT = 10.0
"""Seconds of the window of a short phrase, where the backend can show less than its full one but
has none as short. In one of 5 s tiny.en repeats short phrases (decision 0064)."""
PROMPT = 200
"""Characters of what is final that the model is told came before."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of sound as words on the stream's clock."""

    words: tuple[Word, ...] = ()
    doubt: str = ""
    """Why the words are not to be trusted, or empty."""


@dataclass(frozen=True)
class Hearing:
    """One backend and the options of one stream. Holds no state: many sessions may share it.

    Where the engine comes from a pool, the streams that are heard at once share batches.
    """

    backend: Backend
    facts: ModelFacts
    options: TranscribeOptions
    prompts: bool = True
    """Whether the backend can be told what came before."""

    @classmethod
    def of(cls, engine: Any, **options: Unpack[CallOptions]) -> Hearing:
        """Deprecated: `Engine.listen` gives the session."""
        warnings.warn(
            "Hearing.of is deprecated; use Engine.listen", DeprecationWarning, stacklevel=2
        )
        hearing: Hearing = engine.listen(**options).hearing
        return hearing

    def language(self, samples: Samples) -> tuple[str, float]:
        """The language of a stretch of speech, and how sure that is."""
        if self.options.decode.language is not None:
            return self.facts.language(self.options.decode.language), 1.0
        if not self.facts.multilingual:
            return next(iter(self.facts.languages)), 1.0
        return self.backend.detect_language(samples)

    def draft(self, chunk: Chunk, before: str) -> Heard:
        """Decoded once, as fast as can be. Raises nothing: a failed draft is a doubtful one."""
        chunk = self._fit(chunk)
        try:
            result = self._decode([chunk], self._told(before))[0]
        except BackendError as error:
            return Heard(doubt=str(error))
        return Heard(self._words(chunk, result), guard.suspicion(chunk, result))

    def settle(self, chunk: Chunk, before: str) -> Heard:
        """Decoded with the engine's care against runaway and missing text."""
        chunk = self._fit(chunk)
        try:
            full = self.backend.windows[-1]
            result = guard.guarded(self._decode, [chunk], self._told(before), full)[0]
        except BackendError as error:
            return Heard(doubt=str(error))
        gaps = stitch.gaps(chunk, result)
        return Heard(self._words(chunk, result), gaps[0].reason if gaps else "")

    def _decode(self, chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        """As the backend does it; what a CTC model says of frames is read at once."""
        results = self.backend.transcribe_batch(chunks, options)
        return [
            result
            if result.emissions is None
            else ChunkResult(words.read(result.emissions, chunk.language, True, options.ngram))
            for chunk, result in zip(chunks, results, strict=True)
        ]

    def _fit(self, chunk: Chunk) -> Chunk:
        windows = self.backend.windows
        if len(windows) > 1 and windows[0] > SHORT:
            windows = (SHORT, *windows)
        return fit(chunk, windows)

    def _told(self, before: str) -> DecodeOptions:
        """The options with the caller's own prompt and what is final as the prompt."""
        options = self.options.decode
        if not self.prompts or not before:
            return options
        prompt = " ".join(filter(None, [options.initial_prompt, before.strip()]))
        return replace(options, initial_prompt=prompt)

    def _words(self, chunk: Chunk, result: ChunkResult) -> tuple[Word, ...]:
        spoken = chunk.language if self.options.decode.task == "transcribe" else "en"
        dense = languages.is_spaceless(spoken)
        return tuple(
            word
            for segment in stitch.place(chunk, result, 0)
            for word in segment.words or _spread(segment, dense)
        )


def _spread(segment: Segment, dense: bool) -> Iterator[Word]:
    """The words of a segment without word times: shared out by their length."""
    text = segment.text
    pieces = list(text) if dense else [f" {piece}" for piece in text.split()]
    if pieces and not text[:1].isspace() and not dense:
        pieces[0] = pieces[0].lstrip()
    total = sum(map(len, pieces)) or 1
    at = segment.start
    for piece in pieces:
        end = at + (segment.end - segment.start) * len(piece) / total
        yield Word(round(at, 3), round(end, 3), piece, 0.0)
        at = end
