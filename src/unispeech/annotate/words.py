"""Word times for any backend's text: a CTC model hears when its letters are said.

The model is one for the language that is spoken, or whichever the caller names; it runs in this
process where transformers is installed, else in an environment that has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from unispeech import languages
from unispeech.backends import registry
from unispeech.backends.base import Backend
from unispeech.backends.loaded import Key, LoadedModels
from unispeech.backends.spec import BackendSpec
from unispeech.ctc.align import align
from unispeech.errors import AudioError, BackendMissing, OptionError, UnsupportedOption
from unispeech.models import store
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

ENVIRONMENT = "whisperx"
"""The environment with transformers, where this interpreter has none."""
MODELS: Mapping[str, str] = {
    "en": "wav2vec2-base-960h",
    **{
        code: f"jonatasgrosman/wav2vec2-large-xlsr-53-{name}"
        for code, name in {
            "ar": "arabic", "de": "german", "el": "greek", "es": "spanish", "fa": "persian",
            "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "ja": "japanese",
            "nl": "dutch", "pl": "polish", "pt": "portuguese", "ru": "russian",
            "zh": "chinese-zh-cn",
        }.items()
    },
}  # fmt: skip
"""By language; all of these are free to use, and for most languages whisperX takes them too."""
OTHERWISE = "mms-1b-all"
"""For every other language. Its licence is not for commercial use."""
TAIL = 1.0
"""Seconds of silence after a chunk, in which the model may still say its last letters."""
PAD = 0.2
"""Seconds before and after the words of a native segment in which they may be."""
LONGEST = 30.0
"""Seconds of native segments that are aligned together."""
Say = Callable[[Progress], None]


def model_for(language: str | None, model: str | None = None) -> str | None:
    """The name of the model to use; None while nobody knows the language."""
    if model or language is None:
        return model
    return MODELS.get(language, OTHERWISE)


def check(language: str | None, model: str | None) -> None:
    """Refuse what cannot be honoured, before anything is loaded or fetched.

    Raises:
        BackendMissing: nothing here can run a CTC model. UnknownModel: there is no such model.
        UnsupportedOption: the model is of another kind, or does not have the language.
    """
    name = model_for(language, model)
    spec, facts = _spec_and_facts(name or MODELS["en"])
    try:
        registry.interpreter(spec, LoadOptions())
    except BackendMissing:
        raise BackendMissing(
            "align: transformers is not installed",
            f"run: pip install 'unispeech[mms]', or unispeech backends install {ENVIRONMENT}",
        ) from None
    if name and language:
        try:
            facts.language(language)
        except OptionError:
            raise UnsupportedOption(
                f"align: the model {name} does not have the language {language!r}",
                "choose another --align-model",
            ) from None


def _spec_and_facts(name: str) -> tuple[BackendSpec, ModelFacts]:
    """The backend that runs a CTC model: MMS's where there are adapters."""
    facts = store.describe(name, unknown="ctc")
    if facts.family != "ctc":
        raise UnsupportedOption(
            f"align_model {name}: a {facts.family} model, and words are aligned by CTC models",
            "use a wav2vec2, HuBERT, WavLM or MMS model, or leave it out",
        )
    spec = registry.find("mms" if facts.multilingual else "ctc")
    return replace(spec, environment=ENVIRONMENT), facts


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
        import numpy as np

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
        As `check`; ModelUnavailable, ModelDamaged, BackendError.
    """
    check(language, model)
    name = model_for(language, model)
    assert name is not None
    device = device if device.partition(":")[0] in ("cpu", "cuda", "mps") else "auto"
    load = LoadOptions(device=device)
    with models.use(Key("aligner", name, load=load), partial(_load, name, load, say)) as loaded:
        yield loaded


def _load(name: str, load: LoadOptions, say: Say | None) -> Aligner:
    spec, _ = _spec_and_facts(name)
    path = store.obtain(name, spec.model_format, say)
    # What is known of a Hub id only grows when its files are there.
    spec, facts = _spec_and_facts(name)
    return Aligner(registry.load(spec, path, facts, load), facts)
