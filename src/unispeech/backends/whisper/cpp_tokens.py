"""File checks and word assembly that whisper.cpp leaves to its caller."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path

from unispeech.models.formats import ggml
from unispeech.types import Word

PRESETS = {
    # audio layers, text layers, vocabulary
    (4, 4, 51864): "TINY_EN", (4, 4, 51865): "TINY",
    (6, 6, 51864): "BASE_EN", (6, 6, 51865): "BASE",
    (12, 12, 51864): "SMALL_EN", (12, 12, 51865): "SMALL",
    (24, 24, 51864): "MEDIUM_EN", (24, 24, 51865): "MEDIUM",
    (32, 32, 51865): "LARGE_V2", (32, 32, 51866): "LARGE_V3",
    (32, 4, 51866): "LARGE_V3_TURBO",
}  # fmt: skip
"""whisper.cpp's presets of alignment heads."""


_PIECE = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII
)
"""whisper.cpp's pattern of the pieces of text that it splits into tokens (`tokenize`)."""


def count(text: str, vocabulary: Container[bytes]) -> int:
    """Return the number of tokens that whisper.cpp makes of a text; its binding cannot tokenize.

    Of each piece, whisper.cpp takes the longest token that it begins with. It drops bytes that
    begin no token.
    """
    return sum(_count(piece.encode(), vocabulary) for piece in _PIECE.findall(text))


def _count(piece: bytes, vocabulary: Container[bytes]) -> int:
    tokens = start = 0
    while start < len(piece):
        ends = range(len(piece), start, -1)
        end = next((end for end in ends if piece[start:end] in vocabulary), None)
        tokens += end is not None
        start = end or start + 1
    return tokens


def alignment_preset(path: Path) -> str:
    """Return whisper.cpp's preset of alignment heads, after checking that the file is complete.

    whisper.cpp itself accepts a file whose last tensor is truncated.

    Raises:
        ModelDamaged: truncated, or not a ggml Whisper.
    """
    dims = ggml.contents(path).dims
    return PRESETS.get((dims.n_audio_layer, dims.n_text_layer, dims.n_vocab), "N_TOP_MOST")


def words(
    tokens: Sequence[tuple[bytes, float, float]], start: float, end: float
) -> tuple[Word, ...]:
    """Combine tokens into words between `start` and `end`.

    Tokens are (bytes, end in seconds, probability). A word begins with a space; in scripts without
    spaces every character is a word. A character may span several tokens. Punctuation is part of a
    word's text but not of its time.
    """
    result: list[Word] = []
    pending, probabilities, begin = b"", [], start
    for piece, token_end, probability in tokens:
        pending += piece
        probabilities.append(probability)
        try:
            text = pending.decode()
        except UnicodeDecodeError:
            continue
        stop = min(max(token_end, begin), end)
        continues = result and not text.startswith(" ") and not _is_word(text, result[-1].word)
        if continues:
            last = result.pop()
            if any(c.isalnum() for c in text):
                last = replace(last, end=stop, probability=min(last.probability, *probabilities))
            result.append(replace(last, word=last.word + text))
        else:
            result.append(Word(begin, stop, text, sum(probabilities) / len(probabilities)))
        pending, probabilities, begin = b"", [], stop
    return tuple(result)


def _is_word(text: str, before: str) -> bool:
    """Return True if a token without a leading space is a word, as in Chinese or Thai."""
    return all(ord(c) >= 0x0E00 and c.isalpha() for c in (text[0], before.strip()[-1:] or " "))
