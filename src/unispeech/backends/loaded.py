"""Models in memory, of every kind: loaded once, shared, bounded in number, unloaded when idle."""

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
    """How it is loaded: `LoadOptions`, or the device."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is in memory."""

    kind: str
    backend: str
    model: str
    users: int
    idle: float
    """Seconds since it was last used; 0 while it is."""


@dataclass(slots=True)
class _Place:
    """A place for one model. `users` are the calls that hold it now."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    model: Closable | None = None
    users: int = 0
    used: float = 0.0

    def unload(self) -> None:
        with self.lock:
            if self.model is not None:
                self.model.close()
                self.model = None


class LoadedModels:
    """The one place for models in memory. Safe to use from several threads.

    At most `limit` models of a kind are loaded (0: any number): a further one takes the place of
    the one that has been idle longest, or waits until one is. The limit is for each kind, since
    who uses an engine may need an aligner beside it. A model nobody used for `idle_timeout` seconds
    is unloaded (0: never).
    """

    def __init__(self, limit: int = 0, idle_timeout: float = 0.0) -> None:
        self._limit = limit
        self._idle_timeout = idle_timeout
        self._places: dict[Key, _Place] = {}
        self._changed = threading.Condition()
        self._closed = False
        if idle_timeout:
            threading.Thread(target=self._sweep, name="unispeech-models", daemon=True).start()

    @contextmanager
    def use(self, key: Key, load: Callable[[], M]) -> Iterator[M]:
        """The model of a key, loaded if need be, which stays loaded as long as the block runs.

        Raises:
            As `load`. BackendError: this is closed.
        """
        place = self._enter(key)
        try:
            with place.lock:
                if place.model is None:
                    place.model = load()
            yield cast(M, place.model)
        finally:
            self._leave(key, place)

    def list(self) -> list[Loaded]:
        """What is in memory now."""
        now = time.monotonic()
        with self._changed:
            return [
                Loaded(
                    key.kind,
                    key.backend,
                    key.model,
                    place.users,
                    0.0 if place.users else now - place.used,
                )
                for key, place in self._places.items()
                if place.model is not None
            ]

    def close(self) -> None:
        """Unload everything. May be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            places = [*self._places.values()]
            self._places.clear()
        for place in places:
            place.unload()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter(self, key: Key) -> _Place:
        """The place of a key, held; makes room for a new one."""
        evicted: _Place | None = None
        with self._changed:
            while key not in self._places and not self._closed:
                alike = {k: place for k, place in self._places.items() if k.kind == key.kind}
                idle = [k for k, place in alike.items() if not place.users]
                if not self._limit or len(alike) < self._limit:
                    break
                if idle:
                    evicted = self._places.pop(min(idle, key=lambda k: alike[k].used))
                    break
                self._changed.wait()
            if self._closed:
                raise BackendError("the loaded models have been closed")
            place = self._places.setdefault(key, _Place())
            place.users += 1
        if evicted:
            evicted.unload()
        return place

    def _leave(self, key: Key, place: _Place) -> None:
        with self._changed:
            place.users -= 1
            place.used = time.monotonic()
            if place.model is None and not place.users and self._places.get(key) is place:
                del self._places[key]  # it could not be loaded
            self._changed.notify_all()

    def _sweep(self) -> None:
        """Unload what has been idle too long, until this is closed."""
        while not self._closed:
            with self._changed:
                self._changed.wait(min(self._idle_timeout / 4, 30.0))
                late = time.monotonic() - self._idle_timeout
                old = [k for k, p in self._places.items() if not p.users and p.used < late]
                places = [self._places.pop(key) for key in old]
            for place in places:
                place.unload()
