"""Language detection in parts of the encoder's output (decisions 0071 and 0091).

Whisper detects a language with one decoder step over the encoder's output. The output of a few
seconds is enough for a step of its own, so a change of language inside a chunk shows without
encoding anything twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from unispeech.stages import spoken
from unispeech.types import Chunk, LanguageScore

FRAMES = 50
"""Frames of the encoder's output in a second."""
TILE, TILE_HOP = 5.0, 6.5
"""Seconds of a part in the first look, and the most between the starts of two."""
LIKELIEST = 5
"""Languages of each part whose probabilities are returned."""

Part = tuple[int, slice]
"""Row of the batch, and the frames."""
Detect = Callable[[Sequence[Part]], Sequence[Mapping[str, float]]]
"""Probabilities of the languages in parts of equal length."""


def scores(
    detect: Detect, chunks: Sequence[Chunk], multilingual: bool
) -> list[tuple[LanguageScore, ...]]:
    """Return the language scores of each chunk of a batch with one window, in order of time.

    They are empty if the chunks have a language, or the model has only one.

    Each chunk is looked at in tiles, and around those that leave a doubt in shorter, overlapping
    parts. If any of these speaks for another language, the whole chunk is looked at in such parts.
    If they show no change, and the language of the chunk is uncertain, the whole window decides.
    The time of a change without a pause comes from still shorter parts.
    """
    if chunks[0].language or not multilingual:
        return [()] * len(chunks)
    window = chunks[0].window
    look = partial(_detected, detect, window=window)
    tiles = look({row: _tiles(chunk.duration) for row, chunk in enumerate(chunks)})
    suspects = [row for row in tiles if spoken.may_change(chunks[row], tiles[row])]
    rest = [row for row in tiles if row not in suspects]
    nearby = look({row: spoken.parts_in_doubt(chunks[row], tiles[row]) for row in rest})
    suspects += [r for r in rest if spoken.may_change(chunks[r], (*tiles[r], *nearby[r]))]
    finer = look({row: spoken.parts(chunks[row]) for row in suspects})
    mixed = {row: p for row, p in finer.items() if len(spoken.stretches(chunks[row], p)) > 1}
    short = look({row: spoken.parts_at_changes(chunks[row], p) for row, p in mixed.items()})
    for row, p in short.items():
        mixed[row] = spoken.refined(chunks[row], mixed[row], p)
    unsure = [r for r in tiles if r not in mixed and spoken.is_unsure(chunks[r], tiles[r])]
    whole = look(dict.fromkeys(unsure, [(0.0, window)]))
    return list((tiles | whole | mixed).values())


def languages(
    chunks: Sequence[Chunk], scores: Sequence[Sequence[LanguageScore]]
) -> list[str | None]:
    """Return the language to decode each chunk in: its own, or the likeliest one."""
    return [
        spoken.likeliest(chunk, chunk_scores)[0] if chunk_scores else chunk.language
        for chunk, chunk_scores in zip(chunks, scores, strict=True)
    ]


def _tiles(duration: float) -> list[tuple[float, float]]:
    """Return the start and length of tiles, which cover most of a chunk."""
    last = max(0.0, duration - TILE)
    count = round(last / TILE_HOP + 0.49) + 1
    return [(last * i / max(count - 1, 1), TILE) for i in range(count)]


def _detected(
    detect: Detect, parts: Mapping[int, Sequence[tuple[float, float]]], window: float
) -> dict[int, tuple[LanguageScore, ...]]:
    """Return the scores of the parts of each row, in their order."""
    flat = [(row, start, length) for row, spans in parts.items() for start, length in spans]
    found: dict[tuple[int, float, float], LanguageScore] = {}
    for length in sorted({length for _, _, length in flat}):
        equal = [part for part in flat if part[2] == length]
        frames = round(length * FRAMES)
        last = round(window * FRAMES) - frames
        starts = [(row, min(round(start * FRAMES), last)) for row, start, _ in equal]
        probabilities = detect([(row, slice(first, first + frames)) for row, first in starts])
        for part, row_probabilities in zip(equal, probabilities, strict=True):
            score = LanguageScore(part[1], part[1] + length, _likeliest(row_probabilities))
            found[part] = score
    return {row: tuple(found[row, *span] for span in spans) for row, spans in parts.items()}


def _likeliest(probabilities: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    ordered = sorted(probabilities.items(), key=lambda item: -item[1])
    return tuple((language, float(value)) for language, value in ordered[:LIKELIEST])
