"""What a WAV file's own header promises. FFmpeg and libsndfile quietly believe the file's size."""

from __future__ import annotations

import struct
from typing import IO

_UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF)
"""Sizes that writers to a pipe leave, who cannot go back to fill them in."""


def promised_duration(file: IO[bytes]) -> float | None:
    """Seconds that the header says, or None where it does not. The position is kept.

    Source: Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft, 1991).
    """
    at = file.tell()
    try:
        return _read(file)
    except (struct.error, OSError):
        return None
    finally:
        file.seek(at)


def _read(file: IO[bytes]) -> float | None:
    riff, _, wave = struct.unpack("<4sI4s", file.read(12))
    bytes_per_second = 0
    while (riff, wave) == (b"RIFF", b"WAVE"):
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return size / bytes_per_second if bytes_per_second and size not in _UNKNOWN else None
        body = file.read(16) if name == b"fmt " else b""
        if body:
            bytes_per_second = struct.unpack("<8xI4x", body)[0]
        file.seek(size + size % 2 - len(body), 1)
    return None
