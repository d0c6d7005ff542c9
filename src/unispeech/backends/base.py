"""The contract every runtime keeps, in this process or in another.

A backend is made from a folder (or file) of weights and holds nothing but them: everything about
one call lives in that call. `transcribe_batch` is the product; a single chunk is a batch of one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unispeech.ctc import words
from unispeech.errors import BackendError, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, Samples, Segment


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can honour. Whatever is not declared here is refused, never ignored."""

    tasks: tuple[str, ...] = ("transcribe",)
    strategies: tuple[str, ...] = ("batched",)
    word_timestamps: bool = False
    initial_prompt: bool = False
    hotwords: bool = False
    beam_size: bool = False
    temperature: bool = False
    detect_language: bool = False
    ngram: bool = False
    devices: tuple[str, ...] = ("cpu",)
    compute_types: tuple[str, ...] = ()
    """Besides `default`."""
    threads: bool = True
    refused_natively: tuple[str, ...] = ()
    """Of the options above, and of `vad`, those that the library's own algorithm cannot honour."""
    native_language_per_chunk: bool = False
    """Its long-form algorithm follows a change of language."""
    native_alignment: bool = False
    """It aligns the words of its long-form algorithm itself (`align_native`)."""


@dataclass(frozen=True, slots=True)
class NativeRun:
    """What a library's own long-form algorithm is saying, as it says it."""

    segments: Iterator[Segment]
    """Lazy where the library is; times from the start of the file."""
    language: str
    language_probability: float | None = None


class Backend(ABC):
    """One loaded model in one runtime. `transcribe*` never assigns to `self`.

    Calls from several threads at once are safe: a library which is not gets a lock in its adapter.
    Everything a library raises leaves here as a `BackendError` or a `ModelError`.
    """

    name: str

    @abstractmethod
    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        """Load the weights.

        Raises:
            ModelDamaged: the files are not a model this runtime can read.
            BackendError: the library failed.
        """

    @property
    def windows(self) -> tuple[float, ...]:
        """The lengths in seconds the model may be shown, rising; the last is its full window.

        A chunk is given the smallest one that holds it. Runtimes which always see the full window
        have only that.
        """
        return (30.0,)

    @property
    def chunk_length(self) -> float:
        """The longest chunk in seconds that suits the model where nobody asked for another."""
        return 30.0

    @abstractmethod
    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        """Decode chunks of one language (`chunk.language`), one result for each, in order.

        Decodes once, at `options.temperatures[0]`; looking at the result and climbing the ladder is
        the engine's part (`stages.guard`). Times in the results are from the chunk's start.
        """

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """The library's own long-form algorithm, with its own defaults for what is not given."""
        raise UnsupportedOption(
            f"strategy 'native': {self.name} has no long-form algorithm", "use 'batched'"
        )

    def align_native(
        self, samples: Samples, segments: Sequence[Segment], language: str, model: Path
    ) -> list[Segment]:
        """The segments of `transcribe_native` with the word times of the library's own alignment.

        `model` is the folder of a CTC model. The library may cut the segments anew.
        """
        raise UnsupportedOption(f"align: {self.name} does not align by itself")

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        """The language of up to 30 s of speech, as a code, and its probability."""
        raise UnsupportedOption(
            f"{self.name} cannot detect the language", "give one with --language"
        )

    def close(self) -> None:  # noqa: B027  (nothing to give back is a fine answer)
        """Give the memory back. The backend cannot be used afterwards. May be called twice."""


class Closed(Backend):
    """What is left of a backend after `close()`: whatever is asked of it is an error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _closed(self) -> BackendError:
        return BackendError(f"{self.name}: the engine is closed", "make a new one")

    @property
    def windows(self) -> tuple[float, ...]:
        raise self._closed()

    @property
    def chunk_length(self) -> float:
        raise self._closed()

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        raise self._closed()

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        raise self._closed()

    def align_native(
        self, samples: Samples, segments: Sequence[Segment], language: str, model: Path
    ) -> list[Segment]:
        raise self._closed()

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        raise self._closed()


def refuse(backend: str, can: Capabilities, load: LoadOptions, options: TranscribeOptions) -> None:
    """Refuse what the backend cannot honour, before anything heavy happens.

    Raises:
        UnsupportedOption: names the first such option and says what would work.
    """
    decode = options.decode
    if options.strategy == "native":
        refuse_for_native(options)
        if options.language_per_chunk and not can.native_language_per_chunk:
            raise UnsupportedOption(
                f"language_per_chunk: the strategy 'native' of {backend} cannot honour it",
                "use the strategy 'batched'",
            )
    device = load.device.split(":")[0]
    _one_of(backend, "strategy", options.strategy, can.strategies)
    _one_of(backend, "task", decode.task, can.tasks)
    _one_of(backend, "device", device, ("auto", *can.devices))
    _one_of(backend, "compute_type", load.compute_type, ("default", *can.compute_types))
    asked = {
        "word_timestamps": decode.word_timestamps,
        "initial_prompt": decode.initial_prompt is not None,
        "hotwords": decode.hotwords is not None,
        "beam_size": decode.beam_size not in (None, 1),
        "temperature": decode.temperature not in (None, (0.0,)),
        "ngram": decode.ngram is not None,
        "threads": load.threads != 0,
    }
    natively = {**asked, "vad": not options.vad.enabled} if options.strategy == "native" else {}
    for option in can.refused_natively:
        if natively.get(option):
            raise UnsupportedOption(
                f"{option}: the native strategy of {backend} cannot honour it",
                "use the strategy 'batched'",
            )
    for option, given in asked.items():
        if given and not getattr(can, option):
            raise UnsupportedOption(
                f"{option}: the backend {backend} cannot honour it",
                "leave it out, or see `unispeech backends` for one that can",
            )
    if decode.ngram is not None:
        words.check_ngram(decode.ngram)


def refuse_for_native(options: TranscribeOptions) -> None:
    """The native strategy is the library's own: what only our engine does cannot be honoured."""
    usual = TranscribeOptions()
    for name, given, default in (
        ("batch_size", options.batch.batch_size, usual.batch.batch_size),
        ("chunk_length", options.batch.chunk_length, usual.batch.chunk_length),
        ("detect_language", options.detect_language, usual.detect_language),
        ("vad_threshold", options.vad.threshold, usual.vad.threshold),
        ("vad_min_silence", options.vad.min_silence, usual.vad.min_silence),
        ("vad_pad", options.vad.pad, usual.vad.pad),
    ):
        if given != default:
            raise UnsupportedOption(
                f"{name}: the strategy 'native' cannot honour it", "use the strategy 'batched'"
            )


def _one_of(backend: str, option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UnsupportedOption(
            f"{option} {value!r}: the backend {backend} has only {', '.join(allowed)}"
        )


KINDS = {
    "whisper": "Whisper",
    "ctc": "CTC (wav2vec2, HuBERT, MMS)",
    "lid": "language id",
    "diarization": "diarization",
}
"""What the families of models are called."""


def refuse_family(backend: str, family: str, facts: ModelFacts) -> None:
    """Refuse a model of another family than the backend runs.

    Raises:
        UnsupportedOption: says which the model is.
    """
    if facts.family != family:
        raise UnsupportedOption(
            f"model {facts.name}: a {KINDS[facts.family]} model, and the backend {backend} runs "
            f"{KINDS[family]} models",
            "choose another --model or --backend",
        )


def refuse_undecided(
    backend: str, can: Capabilities, facts: ModelFacts, options: TranscribeOptions
) -> None:
    """Refuse a call in which nobody can tell which language is spoken.

    Raises:
        UnsupportedOption: says what would.
    """
    decided = options.decode.language or options.detect_language or can.detect_language
    if facts.multilingual and not decided:
        raise UnsupportedOption(
            f"language: the backend {backend} has to be told which is spoken",
            "give --language, or --detect-language mms",
        )


def refuse_for_model(facts: ModelFacts, options: TranscribeOptions) -> None:
    """Refuse what the model cannot do: a language it lacks, a translation it never learned."""
    if options.decode.language is not None:
        facts.language(options.decode.language)
    if options.decode.task == "translate" and not facts.translates:
        raise UnsupportedOption(
            f"task 'translate': the model {facts.name} cannot translate",
            "use a multilingual Whisper model (base, small, medium, large-v3)",
        )
