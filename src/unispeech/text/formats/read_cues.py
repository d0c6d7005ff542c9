"""Cues of subtitle files as they are, with their lines, to check them."""

from __future__ import annotations

from pathlib import Path

from unispeech.errors import OptionError
from unispeech.text.formats import subrip, webvtt
from unispeech.text.formats.registry import decoded
from unispeech.text.subtitles import Cue

READERS = {
    ".srt": (subrip.blocks, subrip.untagged),
    ".vtt": (webvtt.blocks, webvtt.untagged),
}


def read_cues(path: Path) -> list[Cue]:
    """The cues of a SubRip or WebVTT file, in its order and with its lines.

    Raises:
        OptionError: the file is of another format, or malformed.
        OSError: it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise OptionError(
            f"{path}: {suffix or 'no suffix'} has no cues to check",
            f"give one of {', '.join(READERS)}",
        )
    blocks, untagged = READERS[suffix]
    cues: list[Cue] = []
    for block in blocks(decoded(path.read_bytes(), str(path)), str(path)):
        lines = [line for line in (untagged(line).strip() for line in block.lines) if line]
        if lines:
            cues.append(Cue(block.start, block.end, "\n".join(lines), len(cues)))
    return cues
