"""ggml: the single `.bin` file of whisper.cpp.

It holds a magic number, eleven integers, mel filters and text tokens; then every tensor as rank,
name length, type, reversed shape, name and data. Little-endian (whisper.cpp,
models/convert-pt-to-ggml.py).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from unispeech.errors import ModelDamaged
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import whisper_shape
from unispeech.models.formats.whisper_shape import Dims

MAGIC = 0x67676D6C
FLOAT32, FLOAT16 = 0, 1
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
}  # fmt: skip
"""Values and bytes per block, by type number (ggml.h: f32, f16, q4_0 ... q6_K)."""


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """The position of a tensor in the file."""

    shape: tuple[int, ...]
    type: int
    offset: int


@dataclass(frozen=True, slots=True)
class Contents:
    """A file's contents except the tensor data."""

    dims: Dims
    precision: int
    """Type number of the large tensors."""
    tokens: list[bytes]
    tensors: dict[str, TensorEntry]


def matches(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == struct.pack("<I", MAGIC)


def facts(path: Path, name: str) -> ModelFacts:
    """Return languages and tasks. Raises ModelDamaged: the header is truncated."""
    return whisper_shape.facts(name, header(path)[0].n_vocab)


def is_complete(path: Path) -> bool:
    """Return True if whisper.cpp can run the file: float32 files make it abort.

    Raises:
        ModelDamaged: truncated, or a tensor is missing.
    """
    file = contents(path)
    expected = {name for name, _ in whisper_shape.shapes(file.dims)}
    if missing := expected - file.tensors.keys():
        raise ModelDamaged(f"{path}: the tensor {min(missing)} is missing", "download it again")
    return file.precision != FLOAT32


def header(path: Path) -> tuple[Dims, int]:
    """Return the model's dimensions and the type number of its large tensors.

    Raises:
        ModelDamaged: the header is truncated.
    """
    with path.open("rb") as file:
        start = file.read(48)
    if len(start) < 48:
        raise ModelDamaged(f"{path}: the file is truncated in its header", "download it again")
    vocab, actx, audio, ahead, alayer, tctx, text, thead, tlayer, mels, kind = struct.unpack(
        "<11i", start[4:]
    )
    return Dims(mels, actx, audio, ahead, alayer, vocab, tctx, text, thead, tlayer), kind


def contents(path: Path) -> Contents:
    """Return the tokens and the positions of the tensors, for any precision.

    Raises:
        ModelDamaged: truncated, or without tensors.
    """
    dims, precision = header(path)
    try:
        with path.open("rb") as file:
            file.seek(48)
            rows, columns = struct.unpack("<ii", file.read(8))
            file.seek(4 * rows * columns, 1)
            tokens = [_bytes(file) for _ in range(struct.unpack("<i", file.read(4))[0])]
            tensors = _tensors(file, path.stat().st_size)
    except (struct.error, ValueError, EOFError, KeyError, OSError):
        raise ModelDamaged(
            f"{path}: the file is truncated or damaged", "download it again"
        ) from None
    return Contents(dims, precision, tokens, tensors)


def _bytes(file: IO[bytes]) -> bytes:
    (length,) = struct.unpack("<i", file.read(4))
    return file.read(length)


def _tensors(file: IO[bytes], size: int) -> dict[str, TensorEntry]:
    entries = {}
    while start := file.read(12):
        rank, length, kind = struct.unpack("<iii", start)
        shape = struct.unpack(f"<{rank}i", file.read(4 * rank))[::-1]
        name = file.read(length).decode()
        values, width = BLOCKS[kind]
        entries[name] = TensorEntry(shape, kind, file.tell())
        if file.seek(math.prod(shape) // values * width, 1) > size:
            raise EOFError
    if not entries:
        raise EOFError
    return entries
