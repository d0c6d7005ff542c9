"""Matroska files with anything beside the sound, written element by element."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

RATE = 16_000
SUBTITLES = 17
"""Matroska's type of subtitle tracks."""


def write(path: Path, subtitles: int = 0, attachments: Sequence[int] = ()) -> None:
    """Write two seconds of a tone, with subtitle tracks and attachments of these sizes in bytes.

    The attachments are holes in the file, and take no space on the disk.
    """
    audio = _element(0xE1, _element(0xB5, struct.pack(">d", RATE)) + _number(0x9F, 1)
                     + _number(0x6264, 16))  # fmt: skip
    tracks = _track(1, 2, b"A_PCM/INT/LIT", audio)
    tracks += b"".join(_track(n + 2, SUBTITLES, b"S_TEXT/UTF8") for n in range(subtitles))
    with path.open("wb") as file:
        file.write(_element(0x1A45DFA3, _element(0x4282, b"matroska") + _number(0x4287, 4)))
        file.write(_id(0x18538067) + b"\x01" + b"\xff" * 7)  # a segment of unknown size
        file.write(_element(0x1549A966, _number(0x2AD7B1, 1_000_000)))
        file.write(_element(0x1654AE6B, tracks))
        heads = [_attachment_head(n, size) for n, size in enumerate(attachments)]
        if heads:
            file.write(_head(0x1941A469, sum(map(len, heads)) + sum(attachments)))
        for head, size in zip(heads, attachments, strict=True):
            file.write(head)
            file.seek(size, 1)
        file.write(_element(0x1F43B675, _number(0xE7, 0) + _blocks()))


def _blocks() -> bytes:
    samples = (8000 * np.sin(np.arange(2 * RATE) / 10)).astype("<i2").reshape(20, -1)
    return b"".join(
        _element(0xA3, b"\x81" + struct.pack(">h", 100 * number) + b"\x80" + block.tobytes())
        for number, block in enumerate(samples)
    )


def _attachment_head(number: int, size: int) -> bytes:
    """Return everything of an attachment but its bytes."""
    about = _element(0x466E, b"font%d.ttf" % number) + _element(0x4660, b"font/ttf")
    about += _number(0x46AE, number + 1) + _head(0x465C, size)
    return _head(0x61A7, len(about) + size) + about


def _track(number: int, kind: int, codec: bytes, more: bytes = b"") -> bytes:
    numbers = _number(0xD7, number) + _number(0x73C5, number) + _number(0x83, kind)
    return _element(0xAE, numbers + _element(0x86, codec) + more)


def _number(id: int, value: int) -> bytes:
    return _element(id, value.to_bytes(8, "big"))


def _element(id: int, content: bytes) -> bytes:
    return _head(id, len(content)) + content


def _head(id: int, size: int) -> bytes:
    return _id(id) + (size | 1 << 56).to_bytes(8, "big")


def _id(id: int) -> bytes:
    return id.to_bytes((id.bit_length() + 7) // 8, "big")
