"""Pool of engines shared between calls, one for each backend, model and set of load options.

Concurrent calls share batches: see `Shared`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from unispeech.backends import choose
from unispeech.backends.base import Backend, LiveStream, NativeRun
from unispeech.backends.loaded import Key, Loaded, LoadedModels
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, Samples, Segment

log = logging.getLogger("unispeech.pool")

WAIT = 0.004
"""Seconds that a batch with room waits for further requests."""
PATIENCE = 0.1
"""Time for which shorter requests may overtake a request, as a fraction of its audio length. At 1.0
the end of a long live phrase waited twenty seconds behind the previews of other streams."""


@dataclass(slots=True, eq=False)  # chunks hold arrays, which == cannot compare
class _Request:
    """The chunks of one caller, waiting to be decoded.

    The request with the earliest deadline is decoded first. The deadline is a fraction of the audio
    length after arrival, so a short clip overtakes a long batch, and no request starves.
    """

    chunks: list[Chunk]
    options: DecodeOptions
    done: Future[list[ChunkResult]] = field(default_factory=Future)
    deadline: float = 0.0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + PATIENCE * sum(chunk.duration for chunk in self.chunks)

    def can_join(self, other: _Request) -> bool:
        first, own = other.chunks[0], self.chunks[0]
        return self.options == other.options and (
            (own.language, own.window) == (first.language, first.window)
        )


class Shared(Backend):
    """Backend that decodes the chunks of concurrent callers in shared batches.

    Calls of `transcribe_batch` with equal options, language and window become one call of the
    backend, of at most `batch_size` chunks. A call is never split: a larger call runs alone. A
    single thread decodes, so the backend never runs two batches at once. A chunk's result does not
    depend on the rest of the batch: if a shared batch fails, each request is decoded alone.
    """

    def __init__(self, backend: Backend, batch_size: int = 16, wait: float = WAIT) -> None:
        self.name = backend.name
        self._backend = backend
        self._batch_size = batch_size
        self._wait = wait
        self._requests: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(
            target=self._work, name=f"unispeech-{backend.name}", daemon=True
        )
        self._thread.start()

    @property
    def windows(self) -> tuple[float, ...]:
        return self._backend.windows

    @property
    def chunk_length(self) -> float:
        return self._backend.chunk_length

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        return self._backend.fit_prompt(options)

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        if not chunks:
            return []
        request = _Request(list(chunks), options)
        with self._changed:
            if self._closed:
                raise BackendError(f"{self.name}: the model has been unloaded")
            self._requests.append(request)
            self._changed.notify_all()
        return request.done.result()

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        return self._backend.transcribe_native(samples, options)

    def align_native(
        self, samples: Samples, segments: Sequence[Segment], language: str, model: Path
    ) -> list[Segment]:
        return self._backend.align_native(samples, segments, language, model)

    def open_stream(self, options: DecodeOptions) -> LiveStream | None:
        return self._backend.open_stream(options)

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        return self._backend.detect_language(samples)

    def close(self) -> None:
        """Decode the waiting requests, then free the memory."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._backend.close()

    def _work(self) -> None:
        while batch := self._next():
            self._decode(batch)

    def _next(self) -> list[_Request]:
        """The requests of the next batch; empty when closed and nothing is waiting."""
        with self._changed:
            self._changed.wait_for(lambda: self._requests or self._closed)
            if not self._requests:
                return []
            if sum(len(r.chunks) for r in self._requests) < self._batch_size and not self._closed:
                self._changed.wait(self._wait)
            first = min(self._requests, key=lambda request: request.deadline)
            batch, size = [first], len(first.chunks)
            for request in self._requests:
                if (
                    request is not first
                    and request.can_join(first)
                    and size + len(request.chunks) <= self._batch_size
                ):
                    batch.append(request)
                    size += len(request.chunks)
            for request in batch:
                self._requests.remove(request)
            return batch

    def _decode(self, batch: list[_Request]) -> None:
        chunks = [chunk for request in batch for chunk in request.chunks]
        log.debug("batch begins", extra={"chunks": len(chunks), "callers": len(batch)})
        try:
            results = iter(self._backend.transcribe_batch(chunks, batch[0].options))
            for request in batch:
                request.done.set_result([next(results) for _ in request.chunks])
            log.debug("batch ends", extra={"chunks": len(chunks), "callers": len(batch)})
        except BaseException as error:  # a panic of Rust code too, or all later calls would hang
            if len(batch) == 1:
                batch[0].done.set_exception(error)
                return
            for request in batch:
                self._decode([request])


class Pool:
    """Engines by backend, model and load options. Safe to use from several threads.

        with pool.engine("faster", "base") as engine:
            transcript = engine.transcribe("talk.mp3", language="fr")

    `limit` and `idle_timeout` are those of `LoadedModels`, which also holds the aligners, diarizers
    and language identifiers of the engines. `batch_size` bounds the batches that concurrent calls
    share.
    """

    def __init__(self, limit: int = 2, idle_timeout: float = 600.0, batch_size: int = 16) -> None:
        self.models = LoadedModels(limit, idle_timeout)
        self._batch_size = batch_size

    @contextmanager
    def engine(
        self, backend: str = "faster", model: str | None = None, load: LoadOptions | None = None
    ) -> Iterator[Engine]:
        """The engine, loaded if necessary. It stays loaded while the block runs.

        Raises the errors of `Engine`.
        """
        spec = choose.find(backend, model, load)
        load = load or LoadOptions()
        key = Key("engine", model or spec.default_model, spec.name, load)
        with self.models.use(key, partial(self._load, key, load)) as engine:
            yield engine

    def loaded(self) -> list[Loaded]:
        """The models in memory."""
        return self.models.list()

    def close(self) -> None:
        """Unload everything."""
        self.models.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self, key: Key, load: LoadOptions) -> Engine:
        names: dict[str, Any] = asdict(load)
        share = partial(Shared, batch_size=self._batch_size)
        return Engine(key.backend, key.model, models=self.models, share=share, **names)
