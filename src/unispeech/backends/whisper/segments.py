"""Whisper's tokens into segments, for the runtimes that hand out tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TICK = 0.02
"""Seconds of one timestamp token."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The tokens of one segment, special ones left out. Seconds from the chunk's start."""

    start: float
    end: float
    tokens: tuple[int, ...]


def cut(
    tokens: Sequence[int], end_of_text: int, timestamp_begin: int, duration: float
) -> list[Piece]:
    """Cut at pairs of timestamps (openai/whisper, transcribe.py).

    `end_of_text` is the first special token. Text after the last timestamp is kept: it ends with
    the chunk, which is `duration` seconds long.
    """
    found: list[Piece] = []
    start: float | None = None
    text: list[int] = []
    for token in tokens:
        if token < end_of_text:
            text.append(token)
        elif token >= timestamp_begin:
            time = (token - timestamp_begin) * TICK
            if text:
                found.append(Piece(start or 0.0, time, tuple(text)))
                text, start = [], None
            else:
                start = time
    if text:
        begin = found[-1].end if start is None and found else start or 0.0
        found.append(Piece(begin, max(begin, duration), tuple(text)))
    return found
