"""Word times for the text of any backend, by forced alignment with a CTC model.

The model is the one for the spoken language, or a model that the caller names. It runs in this
process if transformers is installed, else in an environment that has transformers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from unispeech import languages
from unispeech.backends import lookup, registry
from unispeech.backends.base import Backend
from unispeech.backends.loaded import Key, LoadedModels
from unispeech.call import OnProgress
from unispeech.errors import AudioError
from unispeech.models import companions, store
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.stages.windows import shortest
from unispeech.types import (
    SAMPLE_RATE,
    Chunk,
    ChunkResult,
    Samples,
    Segment,
    Word,
    shifted,
)

TAIL = 1.0
"""Seconds of silence added after a chunk, in which the model may still emit its last letters."""
PAD = 0.2
"""Seconds of sound added before and after native segments, whose times are estimates."""
MAX_GROUP = 30.0
"""Maximum seconds of native segments that are aligned together."""


class Aligner:
    """A loaded CTC model. Safe to call from several threads."""

    def __init__(self, backend: Backend, facts: ModelFacts) -> None:
        self._backend = backend
        self._facts = facts

    def chunk(self, chunk: Chunk, result: ChunkResult) -> ChunkResult:
        """Add word times to the result of a chunk.

        Raises:
            AudioError: the text is too long for the sound.
            BackendError: the model failed.
            UnsupportedOption: the model does not have the language.
        """
        words = self._words(chunk, [segment.text for segment in result.segments])
        segments = zip(result.segments, words, strict=True)
        return replace(
            result, segments=tuple(with_words(segment, times) for segment, times in segments)
        )

    def segments(
        self, samples: Samples, segments: Iterable[Segment], language: str
    ) -> Iterator[Segment | str]:
        """Add word times to the segments of a recording. Yields a warning if a text is too long."""
        for group in _groups(segments):
            start = max(0.0, group[0].start - PAD)
            end = min(len(samples) / SAMPLE_RATE, group[-1].end + PAD)
            sound = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
            chunk = Chunk(sound, start, end, language=language)
            try:
                words = self._words(chunk, [segment.text for segment in group])
            except AudioError as error:
                yield mismatch(chunk, error)
                yield from group
                continue
            for segment, times in zip(group, words, strict=True):
                yield with_words(segment, [shifted(word, start) for word in times])

    def close(self) -> None:
        self._backend.close()

    def _words(self, chunk: Chunk, texts: Sequence[str]) -> list[list[Word]]:
        """The words of each text with its spelling; times count from the start of the chunk."""
        from unispeech.ctc.align import align

        language = self._facts.language(chunk.language or "") if chunk.language else None
        sound = np.pad(chunk.samples, (0, round(TAIL * SAMPLE_RATE)))
        length = len(sound) / SAMPLE_RATE
        window = shortest(self._backend.windows, length)
        (result,) = self._backend.transcribe_batch(
            [Chunk(sound, 0.0, length, window=window, language=language)], DecodeOptions()
        )
        assert result.emissions is not None
        spaceless = languages.is_spaceless(chunk.language)
        aligned = iter(align(result.emissions, " ".join(texts), spaceless))
        counts = [len("".join(text.split()) if spaceless else text.split()) for text in texts]
        return [
            list(with_spaces(text, [next(aligned) for _ in range(count)]))
            for text, count in zip(texts, counts, strict=True)
        ]


def with_spaces(text: str, words: Sequence[Word]) -> Iterator[Word]:
    """Prepend the spaces of the text to its words, so that the words join to the text."""
    at = 0
    for number, word in enumerate(words):
        end = text.index(word.word.strip(), at) + len(word.word.strip())
        last = number + 1 == len(words)
        yield replace(word, word=text[at:] if last else text[at:end])
        at = end


def with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """Set the words of a segment, and its times from the first and last word."""
    if not words:
        return segment
    return replace(segment, start=words[0].start, end=words[-1].end, words=tuple(words))


def mismatch(chunk: Chunk, error: AudioError) -> str:
    """The warning about a text that is too long for its sound."""
    return f"{chunk.start:.1f}-{chunk.end:.1f} s: no word times ({error.message})"


def _groups(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Group adjacent segments: words may lie beyond their shared boundary, which is an estimate."""
    group: list[Segment] = []
    for segment in segments:
        if group and (
            segment.end - group[0].start > MAX_GROUP or segment.start - group[-1].end > 2 * PAD
        ):
            yield group
            group = []
        group.append(segment)
    if group:
        yield group


@contextmanager
def aligner(
    models: LoadedModels,
    language: str | None,
    model: str | None = None,
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> Iterator[Aligner]:
    """The alignment model for a language, or the named model, downloaded and loaded if necessary.

    Raises:
        BackendMissing, ModelUnavailable, ModelDamaged, BackendError.
    """
    name = companions.aligner(language, model)
    assert name is not None
    device = device if device.partition(":")[0] in ("cpu", "cuda", "mps") else "auto"
    load = LoadOptions(device=device)
    with models.use(
        Key("aligner", name, load=load), partial(_load, name, load, on_progress)
    ) as loaded:
        yield loaded


def _load(name: str, load: LoadOptions, on_progress: OnProgress | None) -> Aligner:
    path = store.obtain(name, "hf", on_progress)
    facts = store.describe(name, unknown="ctc")  # the download reveals more about a Hub id
    return Aligner(registry.load(lookup.alignment_spec(facts), path, facts, load), facts)
