"""File checks and word assembly, which whisper.cpp leaves to its caller."""

from __future__ import annotations

from collections.abc import Sequence
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
"""whisper.cpp's names for the heads that follow the words."""


def alignment_preset(path: Path) -> str:
    """whisper.cpp's name for the model's alignment heads, if the file is whole.

    whisper.cpp takes a file whose last tensor is cut short for a good one.

    Raises:
        ModelDamaged: not a ggml Whisper, or it ends early.
    """
    dims = ggml.contents(path).dims
    return PRESETS.get((dims.n_audio_layer, dims.n_text_layer, dims.n_vocab), "N_TOP_MOST")


def words(
    spoken: Sequence[tuple[bytes, float, float]], start: float, end: float
) -> tuple[Word, ...]:
    """Words from (bytes, second at which the token ends, probability), inside start..end.

    A word begins with a space; where there are none, every character is a word. Bytes of one
    character may be several tokens. Punctuation belongs to a word but not to its time.
    """
    found: list[Word] = []
    pending, chances, begin = b"", [], start
    for piece, ends, chance in spoken:
        pending += piece
        chances.append(chance)
        try:
            text = pending.decode()
        except UnicodeDecodeError:
            continue
        stop = min(max(ends, begin), end)
        joins = found and not text.startswith(" ") and not _alone(text, found[-1].word)
        if joins:
            last = found.pop()
            if any(c.isalnum() for c in text):
                last = replace(last, end=stop, probability=min(last.probability, *chances))
            found.append(replace(last, word=last.word + text))
        else:
            found.append(Word(begin, stop, text, sum(chances) / len(chances)))
        pending, chances, begin = b"", [], stop
    return tuple(found)


def _alone(text: str, before: str) -> bool:
    """Whether a token without a space in front is a word: in Chinese, Japanese, Thai."""
    return all(ord(c) >= 0x0E00 and c.isalpha() for c in (text[0], before.strip()[-1:] or " "))
