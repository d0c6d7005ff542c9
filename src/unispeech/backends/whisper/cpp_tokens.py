"""What whisper.cpp does not do for its caller: check a file, and put tokens together to words."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from unispeech.errors import ModelDamaged
from unispeech.models.formats import layout
from unispeech.types import Word

BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
}  # fmt: skip
"""Values and bytes of a block, by the number of its type (ggml.h: f32, f16, q4_0 ... q6_K)."""
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


def check(path: Path) -> str:
    """The name of the model's alignment heads, if the file is whole.

    whisper.cpp takes a file whose last tensor is cut short for a good one.

    Raises:
        ModelDamaged: not a ggml Whisper, or it ends early.
    """
    header = layout.ggml_header(path)
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            for end in _ends(file):
                if end > size:
                    raise EOFError
    except (struct.error, EOFError, KeyError, ValueError, OSError):
        raise ModelDamaged(
            f"cpp cannot read the model {path}: it is truncated or damaged", "fetch it again"
        ) from None
    return PRESETS.get((header[4], header[8], header[0]), "N_TOP_MOST")


def _ends(file: IO[bytes]) -> Iterator[int]:
    """Where each tensor of the file ends (whisper.cpp, models/convert-pt-to-ggml.py)."""
    file.seek(48)
    rows, columns = struct.unpack("<ii", file.read(8))
    file.seek(4 * rows * columns, 1)
    (count,) = struct.unpack("<i", file.read(4))
    for _ in range(count):
        file.seek(struct.unpack("<i", file.read(4))[0], 1)
    tensors = 0
    while start := file.read(12):
        rank, length, kind = struct.unpack("<iii", start)
        shape = struct.unpack(f"<{rank}i", file.read(4 * rank))
        values, size = BLOCKS[kind]
        file.seek(length + math.prod(shape) // values * size, 1)
        tensors += 1
        yield file.tell()
    if not tensors:
        raise EOFError


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
