"""Base class of the backends whose libraries run one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from unispeech.backends.base import Backend
from unispeech.backends.failures import wrapped
from unispeech.errors import BackendError


class SerialBackend(Backend):
    """A backend with one loaded model, which the constructor assigns to `_model`."""

    _model: Any
    _lock: threading.Lock

    @contextmanager
    def _running(self) -> Iterator[Any]:
        """Yield the model to one call at a time; library errors become `BackendError`."""
        with self._lock:
            if self._model is None:
                raise BackendError(f"{self.name}: the backend is closed", "create a new engine")
            with wrapped(self.name):
                yield self._model

    def close(self) -> None:
        with self._lock:
            self._model = None
