"""Peers: libraries on their own, called as their documentation says, for comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from unispeech.bench.configuration import PEER, Configuration
from unispeech.errors import BackendMissing, UnknownBackend, did_you_mean, nearest

TimedText = tuple[str, tuple[tuple[str, float, float], ...]]
"""The text of a segment, and its words with start and end in seconds."""


class Loaded(Protocol):
    """A peer with loaded weights."""

    def transcribe(self, audio: Path, language: str | None) -> Iterator[TimedText]:
        """Yield the segments of a recording, as the library returns them."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One library and how to load it."""

    name: str
    requires: str
    model_format: str
    batches: bool
    load: Callable[[Path, Configuration], Loaded]


class _FasterWhisper:
    """faster-whisper's `WhisperModel`, and its `BatchedInferencePipeline`."""

    def __init__(self, model: Path, run: Configuration, batched: bool) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        # The backend `faster` takes `default` for int8 on a CPU; the peer gets the same precision.
        compute_type = "int8" if run.compute_type == "default" else run.compute_type
        self._model: Any = WhisperModel(
            str(model), device=run.device, compute_type=compute_type, cpu_threads=run.threads
        )
        self._options: dict[str, Any] = {"beam_size": run.beam_size}
        if run.words:
            self._options["word_timestamps"] = True
        if batched:
            self._model = BatchedInferencePipeline(self._model)
            self._options["batch_size"] = run.batch_size

    def transcribe(self, audio: Path, language: str | None) -> Iterator[TimedText]:
        segments, _ = self._model.transcribe(str(audio), language=language, **self._options)
        for segment in segments:
            words = tuple((w.word, w.start, w.end) for w in segment.words or ())
            yield segment.text, words


PEERS = (
    Peer(
        f"{PEER}faster-batched",
        "faster_whisper",
        "ctranslate2",
        batches=True,
        load=lambda model, run: _FasterWhisper(model, run, batched=True),
    ),
    Peer(
        f"{PEER}faster",
        "faster_whisper",
        "ctranslate2",
        batches=False,
        load=lambda model, run: _FasterWhisper(model, run, batched=False),
    ),
)


def find(name: str) -> Peer:
    """Return a peer by name.

    Raises:
        UnknownBackend: there is nrun. BackendMissing: its library is not installed.
    """
    by_name = {peer.name: peer for peer in PEERS}
    if name not in by_name:
        raise UnknownBackend(
            f"there is no peer {name!r}",
            did_you_mean(nearest(name, by_name), f"use one of {', '.join(by_name)}"),
        )
    if find_spec(by_name[name].requires) is None:
        raise BackendMissing(f"{name}: {by_name[name].requires} is not installed")
    return by_name[name]
