"""Language detection in parts of the encoder's output (decision 0091).

Whisper detects a language with one decoder step over the encoder's output. The output of a few
seconds is enough for a step of its own, so a change of language inside a chunk shows without
encoding anything twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from unispeech.stages import spoken
from unispeech.types import Chunk, LanguageScore

FRAMES = 50
"""Frames of the encoder's output in a second."""
TILE = 5.0
"""Seconds of a part in the first look."""
FINE, HOP = 3.0, 1.0
"""Seconds of a part, and between the starts of parts, in a chunk with several languages."""
LIKELIEST = 5
"""Languages of each part whose probabilities are returned."""

Part = tuple[int, slice]
"""Row of the batch, and the frames."""
Detect = Callable[[Sequence[Part]], Sequence[Mapping[str, float]]]
"""Probabilities of the languages in parts of equal length."""


def scores(detect: Detect, chunks: Sequence[Chunk]) -> list[tuple[LanguageScore, ...]]:
    """Return the language scores of each chunk of a batch with one window, in order of time.

    Each chunk is looked at in tiles. If they leave a doubt, it is looked at in short overlapping
    parts. If these show no change of language, the whole window decides.
    """
    rows, window = range(len(chunks)), chunks[0].window
    tiles = {row: _starts(chunks[row].duration, TILE, TILE) for row in rows}
    first = _detected(detect, tiles, TILE, window)
    doubtful = [row for row in rows if spoken.is_doubtful(chunks[row], first[row])]
    finer = {row: _starts(chunks[row].duration, FINE, HOP) for row in doubtful}
    parts = _detected(detect, finer, FINE, window)
    mixed = {row: p for row, p in parts.items() if len(spoken.stretches(chunks[row], p)) > 1}
    unmixed = {row: [0.0] for row in doubtful if row not in mixed}
    whole = _detected(detect, unmixed, window, window)
    return list((first | mixed | whole).values())


def languages(
    chunks: Sequence[Chunk], scores: Sequence[Sequence[LanguageScore]]
) -> list[str | None]:
    """Return the language to decode each chunk in: its own, or the likeliest one."""
    return [
        spoken.likeliest(chunk, chunk_scores)[0] if chunk_scores else chunk.language
        for chunk, chunk_scores in zip(chunks, scores, strict=True)
    ]


def _starts(duration: float, length: float, hop: float) -> list[float]:
    last = max(0.0, duration - length)
    count = round(last / hop + 0.49) + 1
    return [last * i / max(count - 1, 1) for i in range(count)]


def _detected(
    detect: Detect, starts: Mapping[int, Sequence[float]], length: float, window: float
) -> dict[int, tuple[LanguageScore, ...]]:
    frames = round(length * FRAMES)
    last = round(window * FRAMES) - frames
    parts = [
        (row, slice(first, first + frames))
        for row, row_starts in starts.items()
        for first in (min(round(start * FRAMES), last) for start in row_starts)
    ]
    if not parts:
        return {}
    detected = iter(detect(parts))
    return {
        row: tuple(
            LanguageScore(start, start + length, _likeliest(next(detected))) for start in row_starts
        )
        for row, row_starts in starts.items()
    }


def _likeliest(probabilities: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    ordered = sorted(probabilities.items(), key=lambda item: -item[1])
    return tuple((language, float(value)) for language, value in ordered[:LIKELIEST])
