"""Selection of the model window for a chunk, from the chunk and the model alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unispeech.types import Chunk

TAIL = 1.0
"""Minimum seconds of silence after a chunk in its window; the decoder fails with less."""


def shortest(windows: Sequence[float], seconds: float) -> float:
    """The shortest of the ascending `windows` that holds `seconds`, or the longest."""
    return next((window for window in windows if window >= seconds), windows[-1])


def fit(chunk: Chunk, windows: Sequence[float]) -> Chunk:
    """Set the window of a chunk: the shortest with room for its samples and the tail."""
    sound = chunk.before + chunk.duration + chunk.after
    return replace(chunk, window=shortest(windows, sound + TAIL))
