"""Worker threads of an engine, started on demand and reused by all of its runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from unispeech.errors import BackendError

P = ParamSpec("P")
T = TypeVar("T")

MAX_THREADS = 256
"""Each run of an engine uses up to three threads: two for batches and one to read ahead."""


class Threads(ThreadPoolExecutor):
    """Executor that is closed with its engine.

    Raises:
        BackendError: from `submit`, once the engine is closed.
    """

    def __init__(self, backend: str) -> None:
        super().__init__(MAX_THREADS, thread_name_prefix=f"unispeech-{backend}")
        self._backend = backend

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError as error:
            raise BackendError(
                f"{self._backend}: the engine is closed", "create a new one"
            ) from error
