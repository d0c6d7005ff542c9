"""The window of the model that a chunk is shown in: a function of the chunk and the model alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unispeech.types import Chunk

TAIL = 1.0
"""Seconds of silence a window must leave after a chunk, or the decoder goes wrong."""


def shortest(windows: Sequence[float], seconds: float) -> float:
    """The first of the rising `windows` that holds so many seconds, or else the last."""
    return next((window for window in windows if window >= seconds), windows[-1])


def fit(chunk: Chunk, windows: Sequence[float]) -> Chunk:
    """Set the chunk's window: the shortest with room for its samples and the tail."""
    sound = chunk.before + chunk.duration + chunk.after
    return replace(chunk, window=shortest(windows, sound + TAIL))
