"""Files of sound and video as FFmpeg opens them, and what they state of themselves."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import av

_FORMATS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dv,eac3,flac,flv,gsm,loas,m4v,"
    "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp2,mp3,mpeg,mpegts,mpegvideo,mpc,mpc8,mxf,nut,ogg,"
    "opus,rm,sbc,sox,spdif,swf,tak,tta,voc,w64,wav,wv,xwma"
)
"""Demuxers that hold sound themselves. FFmpeg has others (playlists, scripts, session descriptions)
that open whatever files and addresses they name: those never get to."""
GUARDED = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
"""How FFmpeg is to open a file that somebody gave us; an open one, not its name."""
MEDIA = frozenset(
    {".3gp", ".aac", ".ac3", ".aif", ".aiff", ".amr", ".au", ".avi", ".caf", ".flac", ".flv",
     ".m4a", ".m4b", ".m4v", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpeg", ".mpg",
     ".mts", ".oga", ".ogg", ".ogv", ".opus", ".ra", ".ts", ".wav", ".weba", ".webm", ".wma",
     ".wmv", ".wv"}
)  # fmt: skip
"""What is taken from a folder. A file named by itself is tried whatever its name."""


def opened(file: IO[bytes], ignore_length: bool = False) -> av.container.InputContainer:
    """An open file as a container; a context manager. No file it names is opened with it.

    With `ignore_length`, a WAV file is read to its end, whatever size its header states.

    Raises:
        av.FFmpegError, or what the file object raises: it cannot be read as sound or video.
    """
    import av

    options = {**GUARDED, "ignore_length": "1"} if ignore_length else GUARDED
    return av.open(file, mode="r", metadata_errors="ignore", options=options)


def films(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The video tracks that are no cover picture."""
    from av.stream import Disposition

    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
