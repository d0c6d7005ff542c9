"""Files of recordings: opening them, their names, and the errors about them."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from unispeech.errors import AudioError, AudioNotFound

_FFMPEG = {
    "InvalidDataError": "the file is damaged, or its format is unknown",
    "EOFError": "the file is cut off",
    "PermissionError": "a playlist or another format without sound of its own, or damaged",
    "PatchWelcomeError": "FFmpeg cannot decode this variant of the format",
    "NotImplementedError": "FFmpeg cannot decode this variant of the format",
    "DecoderNotFoundError": "FFmpeg has no decoder for it",
    "ArgumentError": "the file is damaged",
    "ValueError": "the file is damaged",
    "OSError": "the file is damaged",
    "FFmpegError": "the file is damaged",
    "BugError": "the file is damaged",
    "UndefinedError": "the file is damaged",
    "UnknownError": "the file is damaged",
    "ExternalError": "the file is damaged",
    "MemoryError": "the file is damaged, or needs too much memory",
}
"""Plain words for FFmpeg's errors, by PyAV's class. For damaged files it reports whatever the code
that stumbles returns, such as "Operation not permitted" and "Input/output error"."""


def opened(path: Path, name: str) -> IO[bytes]:
    """Open a file that holds at least a byte; a context manager.

    Raises:
        AudioNotFound: there is no such file. AudioError: it is a folder, empty, or not readable.
    """
    if not name:
        raise AudioError("the name of a recording is empty", "give a path")
    if not path.exists():
        raise AudioNotFound(f"{name}: there is no such file")
    if path.is_dir():
        raise AudioError(f"{name}: it is a folder", "name the files in it")
    try:
        file = path.open("rb")
    except PermissionError as error:
        raise AudioError(f"{name}: not allowed to read it", "check its mode") from error
    if not file.peek(1):
        file.close()
        raise AudioError(f"{name}: the file is empty (0 bytes)")
    return file


def unreadable(name: str, error: Exception) -> AudioError:
    """The error about a file that FFmpeg, or the file object itself, cannot read."""
    return AudioError(
        f"{name}: not audio or video that can be read ({reason(error)})",
        "check that it plays, or convert it to WAV or FLAC",
    )


def reason(error: Exception) -> str:
    """FFmpeg's or the system's words, or those of a caller's own file object."""
    if reason := _FFMPEG.get(type(error).__name__ if _is_ffmpegs(error) else ""):
        return reason
    if isinstance(error, MemoryError):
        return "it takes too much memory"
    text = getattr(error, "strerror", None) or str(error)
    line = str(text).split(": '")[0].splitlines()[0][:120] if text else type(error).__name__
    is_slip = isinstance(error, LookupError | AttributeError | TypeError)  # inside PyAV
    return "the file is damaged" if is_slip or "Error number" in line else line


def _is_ffmpegs(error: Exception) -> bool:
    return type(error).__module__.startswith("av.")


def name_of(source: object) -> str:
    """The name of a source in messages."""
    name = str(source) if isinstance(source, str | Path) else getattr(source, "name", None)
    if not isinstance(name, str):
        return f"<{type(source).__name__}>"
    return "".join(c if c.isprintable() else "?" for c in name)


def is_seekable(file: Any) -> bool:
    return hasattr(file, "seekable") and bool(file.seekable())
