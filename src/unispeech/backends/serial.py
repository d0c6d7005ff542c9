"""The backends whose libraries take one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from unispeech.backends.base import Backend
from unispeech.backends.failures import wrapped
from unispeech.errors import BackendError


class SerialBackend(Backend):
    """A backend with one loaded model, which its constructor puts into `_model`."""

    _model: Any
    _lock: threading.Lock

    @contextmanager
    def _running(self) -> Iterator[Any]:
        """The model, for one call at a time; errors of the library leave as a `BackendError`."""
        with self._lock:
            if self._model is None:
                raise BackendError(f"{self.name}: the backend is closed", "make a new engine")
            with wrapped(self.name):
                yield self._model

    def close(self) -> None:
        with self._lock:
            self._model = None
