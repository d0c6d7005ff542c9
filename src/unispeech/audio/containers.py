"""Safe opening of audio and video files with FFmpeg."""

from __future__ import annotations

import errno
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import av

MAX_HEADER = 256 << 20
"""Bytes that may be read before the first sound. FFmpeg reads pictures, fonts and other attachments
into memory when it opens a file."""

_FORMATS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dv,eac3,flac,flv,gsm,loas,m4v,"
    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp2,mp3,mpeg,mpegts,mpegvideo,mpc,mpc8,mxf,nut,ogg,"
    "opus,rm,sbc,sox,spdif,swf,tak,tta,voc,w64,wav,wv,xwma"
)
"""Allowed demuxers: formats that contain sound themselves. Others (playlists, scripts, session
descriptions) would open the files and addresses that they name."""
GUARDED = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
"""FFmpeg options for opening untrusted files, which are passed open, not by name."""
MEDIA = frozenset(
    {".3gp", ".aac", ".ac3", ".aif", ".aiff", ".amr", ".au", ".avi", ".caf", ".flac", ".flv",
     ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg",
     ".mts", ".oga", ".ogg", ".ogv", ".opus", ".ra", ".ts", ".wav", ".weba", ".webm", ".wma",
     ".wmv", ".wv"}
)  # fmt: skip
"""Suffixes of files to read from a folder. A file named directly may have any suffix."""


class _Header:
    """File object whose reads fail after `left` bytes, until `end` is called."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self._file = file
        self._left: float = left
        for name in ("seek", "tell", "seekable", "readable"):
            if method := getattr(file, name, None):
                setattr(self, name, method)

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise OSError(errno.EFBIG, "its pictures and attachments are too large")
        return data

    def end(self) -> None:
        self._left = float("inf")


def opened(
    file: IO[bytes], ignore_length: bool = False, max_header: int = MAX_HEADER
) -> av.container.InputContainer:
    """Open a container; a context manager. Never opens other files that the container names.

    With `ignore_length`, a WAV file is read to its end, whatever size its header states.

    Raises:
        av.FFmpegError: the file cannot be read as sound or video. Errors of the file object.
        OSError: opening reads more than `max_header` bytes.
    """
    import av

    options = {**GUARDED, "ignore_length": "1"} if ignore_length else GUARDED
    header: Any = _Header(file, max_header)
    container: av.container.InputContainer = av.open(
        header, mode="r", metadata_errors="ignore", options=options
    )
    header.end()
    return container


def films(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The video tracks, without cover pictures."""
    from av.stream import Disposition

    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
