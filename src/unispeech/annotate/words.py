"""Word times for any backend's text: a CTC model hears when its letters are said.

The model is one for the language that is spoken, or whichever the caller names; it runs in this
process where transformers is installed, else in an environment that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from unispeech import languages
from unispeech.backends import lookup, registry
from unispeech.backends.base import Backend
from unispeech.backends.loaded import Key, LoadedModels
from unispeech.errors import AudioError
from unispeech.models import companions, store
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.stages.windows import shortest
from unispeech.types import (
    SAMPLE_RATE,
    Chunk,
    ChunkResult,
    Progress,
    Samples,
    Segment,
    Word,
    shifted,
)

TAIL = 1.0
"""Seconds of silence after a chunk, in which the model may still say its last letters."""
PAD = 0.2
"""Seconds before and after the words of a native segment in which they may be."""
LONGEST = 30.0
"""Seconds of native segments that are aligned together."""
Say = Callable[[Progress], None]


class Aligner:
    """A CTC model that is loaded. Safe to call from several threads."""

    def __init__(self, backend: Backend, facts: ModelFacts) -> None:
        self._backend = backend
        self._facts = facts

    def chunk(self, chunk: Chunk, result: ChunkResult) -> ChunkResult:
        """A decoded chunk with a time for each word of its text.

        Raises:
            AudioError: the text does not fit into the sound.
            BackendError: the model failed. UnsupportedOption: it does not have the language.
        """
        words = self._words(chunk, [segment.text for segment in result.segments])
        segments = zip(result.segments, words, strict=True)
        return replace(result, segments=tuple(timed(segment, said) for segment, said in segments))

    def segments(
        self, samples: Samples, segments: Iterable[Segment], language: str
    ) -> Iterator[Segment | str]:
        """The segments of a whole recording with word times; a line where a text did not fit."""
        for group in _groups(segments):
            start = max(0.0, group[0].start - PAD)
            end = min(len(samples) / SAMPLE_RATE, group[-1].end + PAD)
            sound = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
            chunk = Chunk(sound, start, end, language=language)
            try:
                words = self._words(chunk, [segment.text for segment in group])
            except AudioError as error:
                yield misfit(chunk, error)
                yield from group
                continue
            for segment, said in zip(group, words, strict=True):
                yield timed(segment, [shifted(word, start) for word in said])

    def close(self) -> None:
        self._backend.close()

    def _words(self, chunk: Chunk, texts: Sequence[str]) -> list[list[Word]]:
        """The words of each text on the chunk's clock, written as they stand in it."""
        from unispeech.ctc.align import align

        language = self._facts.language(chunk.language or "") if chunk.language else None
        sound = np.pad(chunk.samples, (0, round(TAIL * SAMPLE_RATE)))
        length = len(sound) / SAMPLE_RATE
        window = shortest(self._backend.windows, length)
        (said,) = self._backend.transcribe_batch(
            [Chunk(sound, 0.0, length, window=window, language=language)], DecodeOptions()
        )
        assert said.emissions is not None
        dense = languages.is_spaceless(chunk.language)
        found = iter(align(said.emissions, " ".join(texts), dense))
        counts = [len("".join(text.split())) if dense else len(text.split()) for text in texts]
        return [
            list(as_written(text, [next(found) for _ in range(count)]))
            for text, count in zip(texts, counts, strict=True)
        ]


def as_written(text: str, words: Sequence[Word]) -> Iterator[Word]:
    """The words with the spaces that are before them in the text, so that joined they are it."""
    at = 0
    for number, word in enumerate(words):
        end = text.index(word.word.strip(), at) + len(word.word.strip())
        last = number + 1 == len(words)
        yield replace(word, word=text[at:] if last else text[at:end])
        at = end


def timed(segment: Segment, words: Sequence[Word]) -> Segment:
    """The segment from its first word to its last."""
    if not words:
        return segment
    return replace(segment, start=words[0].start, end=words[-1].end, words=tuple(words))


def misfit(chunk: Chunk, error: AudioError) -> str:
    """The line about a text that its sound has no room for."""
    return f"{chunk.start:.1f}-{chunk.end:.1f} s: no word times ({error.message})"


def _groups(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    """Neighbours together: their common borders are estimates, and words may be beyond them."""
    group: list[Segment] = []
    for segment in segments:
        if group and (
            segment.end - group[0].start > LONGEST or segment.start - group[-1].end > 2 * PAD
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
    say: Say | None = None,
) -> Iterator[Aligner]:
    """The model for a language, or the one that is named, fetched and loaded if need be.

    Raises:
        BackendMissing, ModelUnavailable, ModelDamaged, BackendError.
    """
    name = companions.aligner(language, model)
    assert name is not None
    device = device if device.partition(":")[0] in ("cpu", "cuda", "mps") else "auto"
    load = LoadOptions(device=device)
    with models.use(Key("aligner", name, load=load), partial(_load, name, load, say)) as loaded:
        yield loaded


def _load(name: str, load: LoadOptions, say: Say | None) -> Aligner:
    path = store.obtain(name, "hf", say)
    facts = store.describe(name, unknown="ctc")  # of a Hub id, more is known now
    return Aligner(registry.load(lookup.alignment_spec(facts), path, facts, load), facts)
