"""The contract of every runtime, in this process or in another.

A backend is constructed from a folder (or file) of weights and holds only those: the state of a
call is local to the call. `transcribe_batch` is the core method; a single chunk is a batch of one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from unispeech.errors import BackendError, UnsupportedOption
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, Samples, Segment, Word


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Options that a backend can honour. Undeclared options are refused, never ignored."""

    tasks: tuple[str, ...] = ("transcribe",)
    strategies: tuple[str, ...] = ("batched",)
    word_timestamps: bool = False
    initial_prompt: bool = False
    hotwords: bool = False
    beam_size: bool = False
    temperature: bool = False
    detect_language: bool = False
    language_changes: bool = False
    """Chunks without a language are decoded in their likeliest one (`stages.spoken.likeliest`), and
    `ChunkResult.languages` says where it changes."""
    language_free: bool = False
    """The model decodes any of its languages without being told which, and does not say which. A
    given language only names that of the recording."""
    ngram: bool = False
    emissions: bool = False
    """Results hold frame scores (`ChunkResult.emissions`). They time the words of the backend's own
    text, and other text can be aligned with them."""
    devices: tuple[str, ...] = ("cpu",)
    compute_types: tuple[str, ...] = ()
    """Compute types besides `default`."""
    threads: bool = True
    refused_natively: tuple[str, ...] = ()
    """Options above (or `vad`) that the library's own long-form algorithm cannot honour."""
    native_language_per_chunk: bool = False
    """The library's long-form algorithm detects the language of every window."""
    native_alignment: bool = False
    """The library aligns the words of its long-form algorithm itself (`align_native`)."""


@dataclass(frozen=True, slots=True)
class NativeRun:
    """The output of a library's own long-form algorithm, as it is produced."""

    segments: Iterator[Segment]
    """Lazy if the library is lazy. Times count from the start of the file."""
    language: str
    language_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """The state of a phrase that is being decoded while it is spoken."""

    words: tuple[Word, ...]
    """All words of the phrase. Only the last may still change. Times count from the start of the
    stream."""
    quiet: float
    """Seconds of decoded sound since the last token."""


class LiveStream(ABC):
    """One stream of a model that decodes while the sound arrives. Not thread-safe."""

    @abstractmethod
    def feed(self, samples: Samples) -> Phrase:
        """Decode the next samples (mono, 16 kHz, float32)."""

    @abstractmethod
    def next_phrase(self) -> None:
        """Begin a phrase after a pause: forget the words, not the sound."""

    @abstractmethod
    def end(self) -> Phrase:
        """Decode the sound that the model holds back, and begin anew after it."""


class Backend(ABC):
    """One loaded model in one runtime. `transcribe*` never assigns to `self`.

    Concurrent calls are safe: the adapter of a library that is not thread-safe holds a lock. Every
    exception of a library is raised as a `BackendError` or a `ModelError`.
    """

    name: str

    @abstractmethod
    def __init__(self, model: Path | None, facts: ModelFacts, options: LoadOptions) -> None:
        """Load the weights. `model` is None if the library carries them (`BackendSpec.weights`).

        Raises:
            ModelDamaged: the runtime cannot read the files.
            BackendError: the library failed.
        """

    @property
    def windows(self) -> tuple[float, ...]:
        """Encoder window lengths in seconds, ascending; the last is the model's full window.

        Each chunk gets the shortest window that holds it. Runtimes with a fixed window have only
        that length.
        """
        return (30.0,)

    @property
    def chunk_length(self) -> float:
        """Default for the longest chunk, in seconds, if the caller sets no `chunk_length`."""
        return 30.0

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        """Return options whose prompt and hotwords fit into the model, cut at their beginning.

        The engine warns if something is cut. A backend without prompts returns `options`.
        """
        return options

    @abstractmethod
    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        """Decode chunks of one language (`chunk.language`) and return one result each, in order.

        The language is None if the backend declares `language_changes`: it detects that of each.

        Decodes once, at `options.temperatures[0]`; the engine checks the result and retries at
        higher temperatures (`stages.guard`). Times in the results count from the chunk's start.
        """

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """Run the library's own long-form algorithm; options left out get its own defaults."""
        raise UnsupportedOption(
            f"strategy 'native': {self.name} has no long-form algorithm", "use 'batched'"
        )

    def align_native(
        self, samples: Samples, segments: Sequence[Segment], language: str, model: Path
    ) -> list[Segment]:
        """Return the segments of `transcribe_native` with word times, aligned by the library.

        `model` is the folder of a CTC model. The library may split the segments differently.
        """
        raise UnsupportedOption(f"align: the backend {self.name} has no alignment of its own")

    def open_stream(self, options: DecodeOptions) -> LiveStream | None:
        """Open a stream of a model that decodes while the sound arrives; None for other models.

        A live session decodes those in windows, by `transcribe_batch`.
        """
        return None

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        """Return the language code of up to 30 s of speech, and its probability."""
        raise UnsupportedOption(
            f"{self.name} cannot detect the language", "give language=CODE", option="language"
        )

    def close(self) -> None:  # noqa: B027  (a backend may have nothing to release)
        """Release the memory. The backend cannot be used afterwards. May be called twice."""


class Closed(Backend):
    """Placeholder for a backend after `close()`: every call on it raises `BackendError`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _closed(self) -> BackendError:
        return BackendError(f"{self.name}: the engine is closed", "create a new one")

    @property
    def windows(self) -> tuple[float, ...]:
        raise self._closed()

    @property
    def chunk_length(self) -> float:
        raise self._closed()

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
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

    def open_stream(self, options: DecodeOptions) -> LiveStream | None:
        raise self._closed()

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        raise self._closed()
