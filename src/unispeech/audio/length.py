"""The length of a recording, and whether its file is whole.

FFmpeg reports one duration, whatever it rests on. Here a length is *stated* if the container's
header promises it for the sound itself, *estimated* if it was guessed from a bit rate or belongs to
another track, and unknown if a writer to a pipe left a placeholder. Only a stated length can show
that the end is missing; a limit is applied to the samples that were read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from unispeech.audio import containers, integrity
from unispeech.audio.riff import SoundChunk, aiff_frames_are_placeholder, wav_sound

if TYPE_CHECKING:
    import av

_FROM_BIT_RATE = frozenset(
    {"aac", "ac3", "amr", "amrnb", "amrwb", "dts", "eac3", "gsm", "loas", "mp2", "mpeg", "mpegts",
     "mpegvideo", "ogg", "sbc", "spdif"}
)  # fmt: skip
"""Demuxers whose duration is computed from the size or the last timestamps of the file itself."""
_BY_TRACK = frozenset({"mov", "avi"})
"""Demuxers whose header has a duration for each track."""


@dataclass(frozen=True, slots=True)
class Length:
    """The end of the sound on the file's timeline, in seconds, as far as the header tells."""

    stated: float | None = None
    estimated: float | None = None
    stale: bool = False
    """The header's size is too small: sound follows after it."""

    @property
    def seconds(self) -> float | None:
        """The best figure before all has been read; for a progress display."""
        return self.stated if self.stated is not None else self.estimated


def before_opening(file: IO[bytes]) -> SoundChunk | None:
    """The sound chunk of a WAV file, None of other files. The position is kept."""
    start = file.tell()
    try:
        return wav_sound(file)
    except (struct.error, OSError):
        return None
    finally:
        file.seek(start)


def of(
    container: av.container.InputContainer,
    stream: av.AudioStream,
    file: IO[bytes] | None,
    wav: SoundChunk | None,
) -> Length:
    """The length of one audio track. `file` is the seekable file that the container reads."""
    guess = container.duration / 1e6 if container.duration else None
    names = set(container.format.name.split(","))
    if wav is not None:
        return Length(wav.seconds, guess if wav.seconds is None else None, wav.stale)
    if names & _FROM_BIT_RATE or (file is not None and _is_unmarked(names, file)):
        return Length(estimated=guess)
    if names & _BY_TRACK:
        if stream.duration and stream.time_base:
            end = (stream.start_time or 0) + stream.duration
            return Length(stated=float(end * stream.time_base))
        return Length(estimated=guess)
    if tagged := _clock_time(stream.metadata.get("DURATION", "")):
        return Length(stated=tagged)
    return Length(stated=guess) if _is_alone(container) else Length(estimated=guess)


def _is_unmarked(names: set[str], file: IO[bytes]) -> bool:
    """True of a file whose header leaves the length open, so that FFmpeg's duration is a guess."""
    start = file.tell()
    try:
        file.seek(0)
        if "mp3" in names:
            return not integrity.has_frame_count(file)
        if "aiff" in names:
            return aiff_frames_are_placeholder(file)
        if "flac" in names:
            head = file.read(26)
            return head[:4] == b"fLaC" and not int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF
        return False
    except (struct.error, OSError):
        return False
    finally:
        file.seek(start)


def _is_alone(container: av.container.InputContainer) -> bool:
    """True if no other track can be what the container's duration belongs to."""
    return not containers.films(container) and len(container.streams.audio) == 1


def _clock_time(text: str) -> float | None:
    """Seconds of Matroska's `DURATION` tag, such as 00:00:08.064000000."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
