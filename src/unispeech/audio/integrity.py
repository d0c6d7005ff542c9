"""Checks that a file is there to its end: FFmpeg and libsndfile take what they find for the whole.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft, 1991) for
RIFF; RFC 3533, section 6 for Ogg.
"""

from __future__ import annotations

import os
import struct
from typing import IO

LONGEST_PAGE = 27 + 255 + 255 * 255
"""Bytes of an Ogg page: the fixed header, the table of segments, the segments."""
_LAST = 4
"""The flag of the page that its stream ends with."""
_UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF)
"""Sizes left by writers to a pipe, who cannot go back to fill them in."""


def promised_duration(file: IO[bytes]) -> float | None:
    """Seconds that a WAV header promises; None of other files. The position is kept."""
    at = file.tell()
    try:
        return _promised(file)
    except (struct.error, OSError):
        return None
    finally:
        file.seek(at)


def _promised(file: IO[bytes]) -> float | None:
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


def cut_short(file: IO[bytes]) -> bool:
    """True of an Ogg file (Vorbis, Opus, FLAC in Ogg) whose last page is incomplete or does not
    close its stream. The position is kept."""
    at = file.tell()
    try:
        if file.read(4) != b"OggS":
            return False
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - LONGEST_PAGE, at))
        tail = file.read()
    except OSError:
        return False
    finally:
        file.seek(at)
    start = tail.rfind(b"OggS")
    page = tail[start:]
    if start < 0 or len(page) < 27 or len(page) < 27 + page[26]:
        return True
    whole = 27 + page[26] + sum(page[27 : 27 + page[26]])
    return len(page) < whole or not page[5] & _LAST
