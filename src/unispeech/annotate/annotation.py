"""What one call adds to its transcripts: the engine's one door to word times and speakers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from unispeech.annotate import speakers, words
from unispeech.backends.loaded import LoadedModels
from unispeech.backends.settle import known_language
from unispeech.call import Call
from unispeech.errors import AudioError, UnispeechError
from unispeech.models import companions, store
from unispeech.models.facts import ModelFacts
from unispeech.options import AnnotateOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, Progress, Samples, Segment, Turn

Say = Callable[[Progress], None]
Warn = Callable[[str], None]
"""Takes a warning about the recording, without its name."""
Alignment = Callable[["Samples", Sequence[Segment], str, Path], list[Segment]]
"""`Backend.align_native`."""


def fetch(options: TranscribeOptions, facts: ModelFacts, say: Say) -> None:
    """Have the weights here, so that an hour's work does not end with their absence.

    Raises:
        ModelUnavailable: they cannot be had. For a gated model it says how.
    """
    asked = options.annotate
    if asked.needs_speakers:
        store.obtain(asked.diarize_model or companions.DIARIZER, "pyannote", say)
    name = companions.aligner(known_language(facts, options), asked.align_model)
    if asked.needs_alignment and name:
        store.obtain(name, "hf", say)


@dataclass(frozen=True, slots=True)
class Annotation:
    """One call's annotations. `device` is the engine's, `models` where what they need is loaded."""

    options: AnnotateOptions
    device: str
    call: Call
    models: LoadedModels

    def decoded(self, chunk: Chunk, result: ChunkResult, warn: Warn) -> ChunkResult:
        """A decoded chunk with word times, if they are asked for."""
        if not self.options.needs_alignment or result.error or not result.text.strip():
            return result
        try:
            with self._aligner(chunk.language) as aligner:
                return aligner.chunk(chunk, result)
        except AudioError as error:
            warn(words.misfit(chunk, error))
            return result
        except UnispeechError as error:
            return replace(result, error=error)

    def native(
        self,
        segments: Iterable[Segment],
        samples: Samples,
        language: str,
        warn: Warn,
        own: Alignment | None = None,
    ) -> Iterator[Segment]:
        """A library's own segments with word times, if they are asked for.

        `own` is the library's alignment, where it has one.
        """
        if not self.options.needs_alignment:
            yield from segments
            return
        if own is not None:
            name = companions.aligner(language, self.options.align_model)
            assert name is not None
            yield from own(
                samples, list(segments), language, store.obtain(name, "hf", self.call.on_progress)
            )
            return
        with self._aligner(language) as aligner:
            for item in aligner.segments(samples, segments, language):
                if isinstance(item, Segment):
                    yield item
                else:
                    warn(item)

    def turns(self, samples: Samples, name: str) -> tuple[Turn, ...]:
        """The turns of the speakers in a recording, all of it.

        Raises:
            UnispeechError: the pipeline cannot be loaded, or failed. Cancelled: the call was.
        """
        asked = self.options
        with speakers.diarizer(self.models, asked, self.device, self.call.on_progress) as loaded:
            return loaded.turns(samples, asked.min_speakers, asked.max_speakers, self.call, name)

    def _aligner(self, language: str | None) -> AbstractContextManager[words.Aligner]:
        model, say = self.options.align_model, self.call.on_progress
        return words.aligner(self.models, language, model, self.device, say)
