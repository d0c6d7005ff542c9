"""The contract every runtime keeps, in this process or in another.

A backend is made from a folder (or file) of weights and holds nothing but them: everything about
one call lives in that call. `transcribe_batch` is the product; a single chunk is a batch of one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    emissions: bool = False
    """Its results hold frame scores (`ChunkResult.emissions`): it times words by its own letters,
    and text can be aligned with them."""
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
    def __init__(self, model: Path | None, facts: ModelFacts, options: LoadOptions) -> None:
        """Load the weights. `model` is None where the library carries them (`BackendSpec.weights`).

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
            f"{self.name} cannot detect the language", "give language=CODE", option="language"
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
