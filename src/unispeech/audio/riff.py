"""The sound chunk of WAV and AIFF files, and sizes in it that nobody filled in.

Sources: Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft, 1991) for
RIFF; EBU Tech 3306 for RF64; Audio Interchange File Format 1.3 (Apple, 1989) for AIFF.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import IO

_PLACEHOLDERS = (range(0x7F000000, 0x7F001000), range(0x7FFF0000, 0x80000000))
"""Sizes that SoX, espeak-ng and others write to a pipe, since they cannot go back; beside them
0, and anything close to 2^32."""
_CHUNKS = frozenset(
    {b"LIST", b"INFO", b"bext", b"cue ", b"fact", b"iXML", b"axml", b"_PMX", b"id3 ", b"ID3 ",
     b"smpl", b"inst", b"labl", b"ltxt", b"note", b"plst", b"acid", b"PEAK", b"JUNK", b"junk",
     b"PAD ", b"FLLR", b"DISP", b"cart", b"umid", b"levl", b"chna", b"afsp", b"minf",
     b"elm1", b"regn", b"SAUR", b"strc", b"AFAn", b"r64m", b"link", b"slnt", b"wavl", b"tlst",
     b"ICRD", b"IENG", b"ISFT", b"mext", b"qlty", b"tagd", b"Fake"}
)  # fmt: skip
"""Names of chunks that may follow the sound."""
_LOOK = 1 << 16
"""Bytes after the sound that are looked at: zeros alone are padding."""


@dataclass(frozen=True, slots=True)
class SoundChunk:
    """The `data` chunk of a WAV file."""

    seconds: float | None
    """As its size states; None of a placeholder, or if the size is stale."""
    stale: bool = False
    """The size is too small: more sound follows the chunk, where another chunk or the end
    would be."""


def is_placeholder(size: int) -> bool:
    """True of a size that a writer left open."""
    return size == 0 or size >= 0xFFFF0000 or any(size in span for span in _PLACEHOLDERS)


def wav_sound(file: IO[bytes]) -> SoundChunk | None:
    """Find the sound of a WAV file, from the file's position on; None of other files.

    Raises:
        struct.error: the header is cut off. OSError: the file cannot be read.
    """
    riff, _, form = struct.unpack("<4sI4s", file.read(12))
    if riff not in (b"RIFF", b"RF64", b"BW64") or form != b"WAVE":
        return None
    bytes_per_second = 0
    long_size: int | None = None
    while True:
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return _sound(file, long_size or size, bytes_per_second)
        body = file.read(16) if name in (b"fmt ", b"ds64") else b""
        if name == b"fmt ":
            bytes_per_second = struct.unpack("<8xI4x", body)[0]
        elif name == b"ds64":
            long_size = struct.unpack("<8xQ", body)[0]
        file.seek(size + size % 2 - len(body), os.SEEK_CUR)


def _sound(file: IO[bytes], size: int, bytes_per_second: int) -> SoundChunk:
    if not bytes_per_second or is_placeholder(size):
        return SoundChunk(None)
    end = file.tell() + size + size % 2
    rest = file.seek(0, os.SEEK_END) - end
    file.seek(end)
    if rest > 8 and not _is_chunk(file.read(_LOOK), rest):
        return SoundChunk(None, stale=True)
    return SoundChunk(size / bytes_per_second)


def _is_chunk(data: bytes, rest: int) -> bool:
    """True if the bytes after the sound are another chunk, or padding, and not more sound."""
    name, size = struct.unpack("<4sI", data[:8])
    return not any(data) or name in _CHUNKS or (name.isalnum() and size <= rest - 8)


def aiff_frames_are_placeholder(file: IO[bytes]) -> bool:
    """True of an AIFF file whose number of frames was never filled in.

    Raises:
        struct.error: the header is cut off. OSError: the file cannot be read.
    """
    form, _, kind = struct.unpack(">4sI4s", file.read(12))
    while form == b"FORM" and kind in (b"AIFF", b"AIFC"):
        name, size = struct.unpack(">4sI", file.read(8))
        if name == b"SSND":
            return is_placeholder(size)
        file.seek(size + size % 2, os.SEEK_CUR)
    return False
