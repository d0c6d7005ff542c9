"""Weights of the diarization pipeline: fetched once, and failures remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from unispeech.errors import UnispeechError
from unispeech.models import store, weight_cache

RETRY_AFTER = 300.0
"""Seconds after a failed download before the next attempt, which takes seconds."""


class Weights:
    """Weights of one diarization pipeline."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = asyncio.Lock()
        self._error: UnispeechError | None = None
        self._failed_at = float("-inf")

    async def obtain(self, run: Callable[[partial[Any]], Awaitable[Any]]) -> None:
        """Fetch the weights unless they are cached. Concurrent callers wait for the first one.

        `run` runs blocking work.

        Raises:
            UnispeechError: the download fails, or has failed within `RETRY_AFTER` seconds.
        """
        async with self._lock:
            is_recent = time.monotonic() - self._failed_at < RETRY_AFTER
            if self._error is not None and is_recent and not weight_cache.formats(self._name):
                raise self._error
            try:
                await run(partial(store.obtain, self._name, "pyannote"))
            except UnispeechError as error:
                self._error, self._failed_at = error, time.monotonic()
                raise
            self._error = None
