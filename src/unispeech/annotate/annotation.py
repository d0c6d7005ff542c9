"""Annotations of one call: the engine's interface to word times and speakers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from unispeech.aligners import attention, soundswallower
from unispeech.aligners.base import Aligner
from unispeech.aligners.load import aligner
from unispeech.annotate import speakers, words
from unispeech.backends import word_timing
from unispeech.backends.loaded import LoadedModels
from unispeech.backends.settle import known_language
from unispeech.call import Call, OnProgress
from unispeech.errors import AudioError, BackendMissing, UnispeechError, UnsupportedOption
from unispeech.models import companions, store
from unispeech.models.attention_bias import NO_BIAS, Bias
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
    if name := aligner_model(options, facts):
        store.obtain(name, "hf", on_progress)


def aligner_model(options: TranscribeOptions, facts: ModelFacts) -> str | None:
    """Return the CTC model that will align the words; None if there is none, or if it depends on
    the language, which is not known yet."""
    annotate = options.annotate
    language = known_language(facts, options)
    method = word_timing.method(options, language, soundswallower.is_installed())
    if not annotate.needs_alignment or method != "ctc":
        return None
    return companions.aligner(language, annotate.align_model)


@dataclass(frozen=True, slots=True)
class Annotator:
    """Adds word times and speakers to the results of one call.

    `request` are the settled options. `bias` is that of the backend's own word times, `device` the
    engine's. `models` holds the loaded aligners and diarizers.
    """

    request: TranscribeOptions
    device: str
    call: Call
    models: LoadedModels
    bias: Bias = NO_BIAS

    @property
    def options(self) -> AnnotateOptions:
        return self.request.annotate

    def decoded(self, chunk: Chunk, result: ChunkResult, warn: Warn) -> ChunkResult:
        """A decoded chunk, with word times if requested."""
        wanted = self.request.decode.word_timestamps or self.options.needs_alignment
        if not wanted or result.error or not result.text.strip() or result.emissions is not None:
            return result
        method = self._method(chunk.language)
        if method != "none":
            result = attention.unbiased(chunk.samples, result, self.bias.of(chunk.language))
        if method in ("attention", "none"):
            return result
        try:
            with self._aligner(method, chunk.language) as aligner:
                return words.chunk_words(aligner, chunk, result, self.options.phones)
        except AudioError as error:
            warn(words.mismatch(chunk, error))
            return result
        except (BackendMissing, UnsupportedOption) as error:
            has_words = any(segment.words for segment in result.segments)
            if not has_words and isinstance(error, BackendMissing):
                return replace(result, error=error)
            # Or the model does not have the language, which was only just detected.
            times = "word times by attention" if has_words else "no word times"
            warn(f"{chunk.start:.1f}-{chunk.end:.1f} s: {times} ({error.message})")
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
        method = self._method(language)
        if not self.options.needs_alignment or method in ("attention", "none"):
            yield from (attention.marked(segment, "native") for segment in segments)
            return
        if own is not None and method == "ctc":
            name = companions.aligner(language, self.options.align_model)
            assert name is not None
            model = store.obtain(name, "hf", self.call.on_progress)
            aligned = own(samples, list(segments), language, model)
            yield from (attention.marked(segment, "ctc") for segment in aligned)
            return
        with self._aligner(method, language) as aligner:
            phones = self.options.phones
            for item in words.segment_words(aligner, samples, segments, language, phones):
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

    def _method(self, language: str | None) -> str:
        installed = soundswallower.is_installed()
        found = word_timing.method(self.request, language, installed) or "attention"
        if found == "soundswallower" and language not in companions.SOUNDSWALLOWER:
            return "attention"  # it was named before the language was detected
        return found

    def _aligner(self, method: str, language: str | None) -> AbstractContextManager[Aligner]:
        model, on_progress = self.options.align_model, self.call.on_progress
        return aligner(self.models, method, language, model, self.device, on_progress)
