"""Weights that a request needs beside its model, fetched once and not asked for again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from unispeech.errors import UnispeechError
from unispeech.models import store, weight_cache

REMEMBERED = 300.0
"""Seconds in which what could not be had is not asked for again: each time takes seconds."""


class Weights:
    """Those of the pipeline that tells speakers apart."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = asyncio.Lock()
        self._missing: UnispeechError | None = None
        self._asked = float("-inf")

    async def obtain(self, run: Callable[[partial[Any]], Awaitable[Any]]) -> None:
        """Have them here; `run` is how blocking work is done. One asks, all others wait for it.

        Raises:
            UnispeechError: they cannot be had, or could not a while ago and are not here since.
        """
        async with self._lock:
            recent = time.monotonic() - self._asked < REMEMBERED
            if self._missing is not None and recent and not weight_cache.formats(self._name):
                raise self._missing
            try:
                await run(partial(store.obtain, self._name, "pyannote"))
            except UnispeechError as error:
                self._missing, self._asked = error, time.monotonic()
                raise
            self._missing = None
