"""Models of every kind in memory: loaded once, shared, limited in number, unloaded when idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar, cast

from unispeech.errors import BackendError


class Closable(Protocol):
    def close(self) -> None: ...


M = TypeVar("M", bound=Closable)


@dataclass(frozen=True, slots=True)
class Key:
    """Identifies a model in memory. Equal keys share it."""

    kind: str
    """`engine`, `aligner`, `diarizer` or `identifier`."""
    model: str
    backend: str = ""
    load: Hashable = None
    """`LoadOptions`, or the device."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory."""

    kind: str
    backend: str
    model: str
    users: int
    idle: float
    """Seconds since the last use; 0 while in use."""


@dataclass(slots=True)
class _Slot:
    """A slot for one model. `users` is the number of calls that hold it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    model: Closable | None = None
    users: int = 0
    last_used: float = 0.0

    def unload(self) -> None:
        with self.lock:
            if self.model is not None:
                self.model.close()
                self.model = None


class LoadedModels:
    """The owner of all models in memory. Safe to use from several threads.

    At most `limit` models of a kind are loaded (0: unlimited). Another model evicts the one that
    has been idle longest, or waits until one is idle. The limit counts per kind, since a call to an
    engine may need an aligner at the same time. A model that is unused for `idle_timeout` seconds
    is unloaded (0: never).
    """

    def __init__(self, limit: int = 0, idle_timeout: float = 0.0) -> None:
        self._limit = limit
        self._idle_timeout = idle_timeout
        self._slots: dict[Key, _Slot] = {}
        self._changed = threading.Condition()
        self._closed = False
        if idle_timeout:
            threading.Thread(target=self._sweep, name="unispeech-models", daemon=True).start()

    @contextmanager
    def use(self, key: Key, load: Callable[[], M]) -> Iterator[M]:
        """Yield the model of a key, loading it if needed; it stays loaded while the block runs.

        Raises:
            As `load`.
            BackendError: the models have been closed.
        """
        slot = self._enter(key)
        try:
            with slot.lock:
                if slot.model is None:
                    slot.model = load()
            yield cast(M, slot.model)
        finally:
            self._leave(key, slot)

    def list(self) -> list[Loaded]:
        """Return the models that are in memory now."""
        now = time.monotonic()
        with self._changed:
            return [
                Loaded(
                    key.kind,
                    key.backend,
                    key.model,
                    slot.users,
                    0.0 if slot.users else now - slot.last_used,
                )
                for key, slot in self._slots.items()
                if slot.model is not None
            ]

    def close(self) -> None:
        """Unload all models. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            slots = [*self._slots.values()]
            self._slots.clear()
        for slot in slots:
            slot.unload()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter(self, key: Key) -> _Slot:
        """Count a user of the key's slot and return it; evicts a model if the limit is reached."""
        evicted: _Slot | None = None
        with self._changed:
            while key not in self._slots and not self._closed:
                same_kind = {k: slot for k, slot in self._slots.items() if k.kind == key.kind}
                idle = [k for k, slot in same_kind.items() if not slot.users]
                if not self._limit or len(same_kind) < self._limit:
                    break
                if idle:
                    evicted = self._slots.pop(min(idle, key=lambda k: same_kind[k].last_used))
                    break
                self._changed.wait()
            if self._closed:
                raise BackendError("the loaded models have been closed")
            slot = self._slots.setdefault(key, _Slot())
            slot.users += 1
        if evicted:
            evicted.unload()
        return slot

    def _leave(self, key: Key, slot: _Slot) -> None:
        with self._changed:
            slot.users -= 1
            slot.last_used = time.monotonic()
            if slot.model is None and not slot.users and self._slots.get(key) is slot:
                del self._slots[key]  # loading failed
            self._changed.notify_all()

    def _sweep(self) -> None:
        """Unload models that have been idle too long, until `close`."""
        while not self._closed:
            with self._changed:
                self._changed.wait(min(self._idle_timeout / 4, 30.0))
                limit = time.monotonic() - self._idle_timeout
                expired = [k for k, s in self._slots.items() if not s.users and s.last_used < limit]
                slots = [self._slots.pop(key) for key in expired]
            for slot in slots:
                slot.unload()
