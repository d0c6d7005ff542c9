"""Whether an Ogg file (Vorbis, Opus, FLAC in Ogg) is there to its end. FFmpeg does not ask."""

from __future__ import annotations

import os
from typing import IO

LONGEST_PAGE = 27 + 255 + 255 * 255
"""Bytes: the fixed header, the table of segments, the segments."""
_LAST = 4
"""The flag of a page that its stream ends with it."""


def cut_short(file: IO[bytes]) -> bool:
    """An Ogg file whose last page is incomplete or does not close its stream.

    False for any other kind of file. The position is kept. Source: RFC 3533, section 6.
    """
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
