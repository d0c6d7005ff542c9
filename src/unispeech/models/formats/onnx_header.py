"""The header of an ONNX file: its metadata and the width of its output, without its weights.

An ONNX file is a Protocol Buffers message (`ModelProto` of onnx.proto). Everything but the fields
read here is skipped by its length, so a file of gigabytes costs a few reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from unispeech.errors import ModelDamaged

GRAPH, METADATA = 7, 14
"""Fields of ModelProto; the next are those of GraphProto, ValueInfoProto, TypeProto, its Tensor,
TensorShapeProto, and Dimension."""
OUTPUT, TYPE, TENSOR, SHAPE, DIMENSION, SIZE = 12, 2, 1, 2, 1, 1
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

Field = tuple[int, int, int]
"""Number, and either start and end of the bytes, or value and -1 of an integer."""


def metadata(path: Path) -> dict[str, str]:
    """Return the metadata that an exporter has added.

    Raises:
        ModelDamaged: truncated, or not an ONNX file.
    """
    found: dict[str, str] = {}
    with path.open("rb") as file:
        for number, start, end in _fields(file, 0, path.stat().st_size, path):
            if number == METADATA:
                entry = {n: (a, b) for n, a, b in _fields(file, start, end, path)}
                key, value = (_text(file, entry.get(n, (0, 0))) for n in (1, 2))
                found[key] = value
    return found


def output_size(path: Path) -> int:
    """Return the last dimension of the first output; 0 if it is not fixed.

    Raises:
        ModelDamaged: truncated, or not an ONNX file.
    """
    with path.open("rb") as file:
        start, end = 0, path.stat().st_size
        for wanted in (GRAPH, OUTPUT, TYPE, TENSOR, SHAPE):
            fields = _fields(file, start, end, path)
            start, end = next(((a, b) for n, a, b in fields if n == wanted), (0, 0))
        dimensions = [(a, b) for n, a, b in _fields(file, start, end, path) if n == DIMENSION]
        last = dimensions[-1] if dimensions else (0, 0)
        return next((a for n, a, _ in _fields(file, *last, path) if n == SIZE), 0)


def _text(file: BinaryIO, place: tuple[int, int]) -> str:
    file.seek(place[0])
    return file.read(place[1] - place[0]).decode("utf-8", "replace")


def _fields(file: BinaryIO, start: int, end: int, path: Path) -> Iterator[Field]:
    """Yield the fields of the message between two places."""
    at = start
    while at < end:
        tag, at = _varint(file, at, end, path)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(file, at, end, path)
            yield tag >> 3, value, -1
            continue
        size = {FIXED64: 8, FIXED32: 4}.get(kind, -1)
        if kind == BYTES:
            size, at = _varint(file, at, end, path)
        if size < 0 or at + size > end or not tag >> 3:
            raise _damaged(path)
        yield tag >> 3, at, at + size
        at += size


def _varint(file: BinaryIO, at: int, end: int, path: Path) -> tuple[int, int]:
    """Return an integer of seven bits a byte, and the place after it."""
    file.seek(at)
    value = 0
    for shift, byte in enumerate(file.read(min(10, end - at))):
        value |= (byte & 127) << (7 * shift)
        if byte < 128:
            return value, at + shift + 1
    raise _damaged(path)


def _damaged(path: Path) -> ModelDamaged:
    return ModelDamaged(f"{path}: truncated, or not an ONNX file", "download it again")
