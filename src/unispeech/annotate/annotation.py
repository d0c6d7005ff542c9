"""Annotations of one call: the engine's interface to word times and speakers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from unispeech.annotate import speakers, words
from unispeech.backends.loaded import LoadedModels
from unispeech.backends.settle import known_language
from unispeech.call import Call, OnProgress
from unispeech.errors import AudioError, UnispeechError
from unispeech.models import companions, store
from unispeech.models.facts import ModelFacts
from unispeech.options import AnnotateOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, Samples, Segment, Turn

Warn = Callable[[str], None]
"""Callback for a warning about the recording, without its name."""
Alignment = Callable[["Samples", Sequence[Segment], str, Path], list[Segment]]
"""`Backend.align_native`."""


def fetch(options: TranscribeOptions, facts: ModelFacts, on_progress: OnProgress) -> None:
    """Download the weights first, so that an hour of work does not fail for lack of them.

    Raises:
        ModelUnavailable: the weights cannot be downloaded. For a gated model it says how.
    """
    annotate = options.annotate
    if annotate.needs_speakers:
        store.obtain(annotate.diarize_model or companions.DIARIZER, "pyannote", on_progress)
    name = companions.aligner(known_language(facts, options), annotate.align_model)
    if annotate.needs_alignment and name:
        store.obtain(name, "hf", on_progress)


@dataclass(frozen=True, slots=True)
class Annotator:
    """Adds word times and speakers to the results of one call.

    `device` is the engine's. `models` holds the loaded aligners and diarizers.
    """

    options: AnnotateOptions
    device: str
    call: Call
    models: LoadedModels

    def decoded(self, chunk: Chunk, result: ChunkResult, warn: Warn) -> ChunkResult:
        """A decoded chunk, with word times if requested."""
        if not self.options.needs_alignment or result.error or not result.text.strip():
            return result
        try:
            with self._aligner(chunk.language) as aligner:
                return aligner.chunk(chunk, result)
        except AudioError as error:
            warn(words.mismatch(chunk, error))
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
        """A library's own segments, with word times if requested.

        `own` is the library's alignment, if it has one.
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
        """The speaker turns of a whole recording.

        Raises:
            UnispeechError: the pipeline cannot be loaded, or failed.
            Cancelled: the caller cancelled.
        """
        options = self.options
        with speakers.diarizer(self.models, options, self.device, self.call.on_progress) as loaded:
            return loaded.turns(
                samples, options.min_speakers, options.max_speakers, self.call, name
            )

    def _aligner(self, language: str | None) -> AbstractContextManager[words.Aligner]:
        model, on_progress = self.options.align_model, self.call.on_progress
        return words.aligner(self.models, language, model, self.device, on_progress)
