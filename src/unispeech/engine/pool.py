"""Loaded engines, shared: one for each backend, model and way of loading; unloaded when idle.

Calls that run at the same time share batches: see `Shared`.
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
from pathlib import Path
from typing import Any, Self

from unispeech.backends import choose
from unispeech.backends.base import Backend, NativeRun
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, Samples, Segment

log = logging.getLogger("unispeech.pool")

WAIT = 0.004
"""Seconds a batch that is not full waits for companions."""
PATIENCE = 0.1
"""Share of its own length that a request lets shorter ones go before it. With all of it, the end of
a long live phrase waited twenty seconds behind the looks of other streams."""


@dataclass(slots=True, eq=False)  # each is only itself; chunks hold arrays, which have no ==
class _Request:
    """One caller's chunks, waiting. The deadline is when a share of their own length has passed:
    so a short clip goes before a long batch that came a little earlier, and nobody starves."""

    chunks: list[Chunk]
    options: DecodeOptions
    done: Future[list[ChunkResult]] = field(default_factory=Future)
    deadline: float = 0.0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + PATIENCE * sum(chunk.duration for chunk in self.chunks)

    def joins(self, other: _Request) -> bool:
        first, mine = other.chunks[0], self.chunks[0]
        return self.options == other.options and (
            (mine.language, mine.window) == (first.language, first.window)
        )


class Shared(Backend):
    """A backend whose concurrent callers are decoded together.

    Calls of `transcribe_batch` with equal options, language and window become one call of the
    backend, of at most `batch_size` chunks (a call is never split: a larger one goes alone). One
    thread does all the decoding, so a backend is never asked for two batches at once. A chunk's
    text does not depend on its companions, and neither does its fate: where a joint call fails,
    each is tried again alone.
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

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        return self._backend.detect_language(samples)

    def close(self) -> None:
        """Finish what is waiting, then give the memory back."""
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
        """The requests to decode together; none when closed and all is done."""
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
                    and request.joins(first)
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
        except Exception as error:
            if len(batch) == 1:
                batch[0].done.set_exception(error)
                return
            for request in batch:
                self._decode([request])


@dataclass(slots=True)
class _Slot:
    """A place for one engine. `users` are the calls that hold it now."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    engine: Engine | None = None
    users: int = 0
    used: float = 0.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """An engine that is in memory."""

    backend: str
    model: str
    users: int
    idle: float
    """Seconds since the last call; 0 while there is one."""


Key = tuple[str, str, LoadOptions]


class Pool:
    """Engines by backend, model and load options. Safe to use from several threads.

        with pool.engine("faster", "base") as engine:
            transcript = engine.transcribe("talk.mp3", language="fr")

    At most `limit` engines are in memory: a further one takes the place of the one that has been
    idle longest, or waits until one is. An engine nobody used for `idle_timeout` seconds is
    unloaded (0: never). `batch_size` bounds the batches that concurrent calls share.
    """

    def __init__(self, limit: int = 2, idle_timeout: float = 600.0, batch_size: int = 16) -> None:
        self._limit = limit
        self._idle_timeout = idle_timeout
        self._batch_size = batch_size
        self._slots: dict[Key, _Slot] = {}
        self._changed = threading.Condition()
        self._closed = False
        if idle_timeout:
            threading.Thread(target=self._sweep, name="unispeech-pool", daemon=True).start()

    @contextmanager
    def engine(
        self, backend: str = "faster", model: str | None = None, load: LoadOptions | None = None
    ) -> Iterator[Engine]:
        """The engine, loaded if need be, which stays loaded as long as the block runs.

        Raises:
            As `Engine`.
        """
        spec = choose.find(backend, model, load)
        key = (spec.name, model or spec.default_model, load or LoadOptions())
        slot = self._enter(key)
        try:
            with slot.lock:
                if slot.engine is None:
                    slot.engine = self._load(key)
            yield slot.engine
        finally:
            self._leave(key, slot)

    def loaded(self) -> list[Loaded]:
        """What is in memory now."""
        now = time.monotonic()
        with self._changed:
            return [
                Loaded(key[0], key[1], slot.users, 0.0 if slot.users else now - slot.used)
                for key, slot in self._slots.items()
                if slot.engine is not None
            ]

    def close(self) -> None:
        """Unload everything. Calls that still run finish first."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            slots = list(self._slots.values())
            self._slots.clear()
        for slot in slots:
            _unload(slot)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self, key: Key) -> Engine:
        backend, model, load = key
        names: dict[str, Any] = asdict(load)
        engine = Engine(backend, model, **names)
        engine.backend = Shared(engine.backend, self._batch_size)
        return engine

    def _enter(self, key: Key) -> _Slot:
        """The slot of a key, held; makes room for a new one."""
        evicted: _Slot | None = None
        with self._changed:
            while True:
                if self._closed:
                    raise BackendError("the pool of engines is closed")
                if key in self._slots or len(self._slots) < self._limit:
                    break
                idle = [k for k, slot in self._slots.items() if not slot.users]
                if idle:
                    oldest = min(idle, key=lambda k: self._slots[k].used)
                    evicted = self._slots.pop(oldest)
                    break
                self._changed.wait()
            slot = self._slots.setdefault(key, _Slot())
            slot.users += 1
        if evicted:
            _unload(evicted)
        return slot

    def _leave(self, key: Key, slot: _Slot) -> None:
        with self._changed:
            slot.users -= 1
            slot.used = time.monotonic()
            if slot.engine is None and not slot.users and self._slots.get(key) is slot:
                del self._slots[key]  # it could not be loaded
            self._changed.notify_all()

    def _sweep(self) -> None:
        """Unload what has been idle too long, until the pool is closed."""
        while not self._closed:
            with self._changed:
                self._changed.wait(min(self._idle_timeout / 4, 30.0))
                late = time.monotonic() - self._idle_timeout
                old = [k for k, s in self._slots.items() if not s.users and s.used < late]
                slots = [self._slots.pop(key) for key in old]
            for slot in slots:
                _unload(slot)


def _unload(slot: _Slot) -> None:
    with slot.lock:
        if slot.engine is not None:
            slot.engine.close()
            slot.engine = None
