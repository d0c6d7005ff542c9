"""The plain libraries, called as their own documentation says, to be measured beside ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from unispeech.bench.configuration import PEER, Configuration
from unispeech.errors import BackendMissing, UnknownBackend, did_you_mean, nearest

Heard = tuple[str, tuple[tuple[str, float, float], ...]]
"""The text of one segment, and its words with their times."""


class Loaded(Protocol):
    """A peer with its weights."""

    def transcribe(self, audio: Path, language: str | None) -> Iterator[Heard]:
        """The segments of one recording, as the library gives them."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One library as it is."""

    name: str
    requires: str
    model_format: str
    batches: bool
    load: Callable[[Path, Configuration], Loaded]


class _FasterWhisper:
    """faster-whisper's `WhisperModel`, and its `BatchedInferencePipeline`."""

    def __init__(self, model: Path, one: Configuration, batched: bool) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        # int8 on a CPU is what ours takes for `default`: the same numbers on both sides.
        compute_type = "int8" if one.compute_type == "default" else one.compute_type
        self._model: Any = WhisperModel(
            str(model), device=one.device, compute_type=compute_type, cpu_threads=one.threads
        )
        self._given: dict[str, Any] = {"beam_size": one.beam_size}
        if one.words:
            self._given["word_timestamps"] = True
        if batched:
            self._model = BatchedInferencePipeline(self._model)
            self._given["batch_size"] = one.batch_size

    def transcribe(self, audio: Path, language: str | None) -> Iterator[Heard]:
        segments, _ = self._model.transcribe(str(audio), language=language, **self._given)
        for segment in segments:
            words = tuple((w.word, w.start, w.end) for w in segment.words or ())
            yield segment.text, words


PEERS = (
    Peer(
        f"{PEER}faster-batched",
        "faster_whisper",
        "ctranslate2",
        batches=True,
        load=lambda model, one: _FasterWhisper(model, one, batched=True),
    ),
    Peer(
        f"{PEER}faster",
        "faster_whisper",
        "ctranslate2",
        batches=False,
        load=lambda model, one: _FasterWhisper(model, one, batched=False),
    ),
)


def find(name: str) -> Peer:
    """The peer of a name.

    Raises:
        UnknownBackend: there is none. BackendMissing: its library is not installed.
    """
    known = {peer.name: peer for peer in PEERS}
    if name not in known:
        raise UnknownBackend(
            f"there is no peer {name!r}",
            did_you_mean(nearest(name, known), f"use one of {', '.join(known)}"),
        )
    if find_spec(known[name].requires) is None:
        raise BackendMissing(f"{name}: {known[name].requires} is not installed")
    return known[name]
