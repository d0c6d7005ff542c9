"""Detection of truncated files, which FFmpeg does not report.

Sources: RFC 3533, section 6 (Ogg); RFC 8794 and RFC 9559 (EBML, Matroska); ISO/IEC 14496-12,
section 4.2 (boxes of MP4 and QuickTime).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import IO

LONGEST_PAGE = 27 + 255 + 255 * 255
"""Bytes of an Ogg page: the fixed header, the table of segments, the segments."""
_LAST_PAGE = 4
"""Flag of the last page of a stream."""
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_TAIL = 8 << 20
"""Bytes at the end of a live Matroska file to search for the last cluster."""


def truncated(file: IO[bytes]) -> bool:
    """True for a truncated Ogg, Matroska or MP4 file. Restores the file position."""
    start = file.tell()
    try:
        head = file.read(8)
        size = file.seek(0, os.SEEK_END)
        check = _check_of(head)
        return check is not None and check(file, start, size)
    except (OSError, struct.error, IndexError):
        return False
    finally:
        file.seek(start)


def _check_of(head: bytes) -> Callable[[IO[bytes], int, int], bool] | None:
    if head[:4] == b"OggS":
        return _ogg_is_truncated
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _matroska_is_truncated
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"):
        return _mp4_is_truncated
    return None


def _ogg_is_truncated(file: IO[bytes], start: int, size: int) -> bool:
    """The last page is incomplete or does not close its stream."""
    file.seek(max(size - LONGEST_PAGE, start))
    tail = file.read()
    at = tail.rfind(b"OggS")
    page = tail[at:]
    if at < 0 or len(page) < 27 or len(page) < 27 + page[26]:
        return True
    whole = 27 + page[26] + sum(page[27 : 27 + page[26]])
    return len(page) < whole or not page[5] & _LAST_PAGE


def _mp4_is_truncated(file: IO[bytes], start: int, size: int) -> bool:
    """A box at the top level is longer than the file."""
    at = start
    while at + 8 <= size:
        file.seek(at)
        length, _, long_length = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
        length = long_length if length == 1 else length
        if length < 8:  # 0 means up to the end of the file; other values are invalid
            return False
        at += length
    return at > size


def _matroska_is_truncated(file: IO[bytes], start: int, size: int) -> bool:
    """The segment, or the last element of a live recording, is longer than the file."""
    at = start
    while at < size:
        file.seek(at)
        identity, length, header = _element(file.read(12))
        if identity == _SEGMENT and length is None:
            return _live_is_truncated(file, _last_cluster(file, at + header, size), size)
        if length is None:
            return False
        at += header + length
    return at > size


def _last_cluster(file: IO[bytes], start: int, size: int) -> int:
    begin = max(start, size - _TAIL)
    file.seek(begin)
    offset = file.read().rfind(_CLUSTER.to_bytes(4, "big"))
    return start if offset < 0 else begin + offset


def _live_is_truncated(file: IO[bytes], at: int, size: int) -> bool:
    """Walk the elements from `at`, descending into those of unknown size."""
    while at < size:
        file.seek(at)
        _, length, header = _element(file.read(12))
        at += header + (length or 0)
    return at > size


def _element(data: bytes) -> tuple[int, int | None, int]:
    """The identity, the size (None: unknown) and the bytes of an element's header."""
    of_identity = 9 - data[0].bit_length()
    first = data[of_identity]
    of_size = 9 - first.bit_length()
    if of_identity > 4 or of_size > 8:
        raise struct.error("not an EBML element")
    header = of_identity + of_size
    size = int.from_bytes(data[of_identity:header], "big") & ((1 << 7 * of_size) - 1)
    unknown = size == (1 << 7 * of_size) - 1
    return int.from_bytes(data[:of_identity], "big"), None if unknown else size, header


def has_frame_count(file: IO[bytes]) -> bool:
    """True for an MP3 file whose first frame states the number of frames (Xing, Info or VBRI)."""
    head = file.read(10)
    if head[:3] == b"ID3":
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        file.seek(size, os.SEEK_CUR)
        head = b""
    frame = head + file.read(4096)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))
