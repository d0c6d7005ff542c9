"""The contents of a recording: tracks, channels, length, holes and loudness."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unispeech.audio import containers, files
from unispeech.audio.recording import Recording
from unispeech.audio.tracks import Track, chosen, of
from unispeech.errors import AudioError
from unispeech.types import Samples

FLOOR = -100.0
"""dBFS of digital silence."""
CLIPPED = 0.999
"""Sample value from which a sample counts as clipped."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """The level of one channel over the whole recording."""

    peak: float
    """dBFS."""
    level: float
    """Root mean square, dBFS."""
    offset: float
    """Mean sample (DC), in [-1, 1]."""
    clipped: float
    """Fraction of the samples at full scale."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A recording, read once from beginning to end."""

    name: str
    container: str
    """FFmpeg's name of the format."""
    tracks: tuple[Track, ...]
    track: Track
    """The track that was read."""
    stated: float | None
    """Seconds that the header promises for the sound; None if it does not."""
    duration: float
    """Seconds that were read, on the timeline of the file."""
    complete: bool
    holes: tuple[tuple[float, float], ...]
    """Start and length in seconds of each stretch without samples."""
    channels: tuple[Loudness, ...]
    warnings: tuple[str, ...]


def probe(source: str | Path | bytes, track: str | None = None) -> Probe:
    """Read a recording and describe it. Raises as `Recording.blocks` does."""
    meter = _Meter()
    reading = Recording(source, track=track, mix=meter)
    for _ in reading.blocks():
        pass
    assert reading.track is not None
    return Probe(
        name=reading.name,
        container=reading.container,
        tracks=reading.tracks,
        track=reading.track,
        stated=reading.header.stated,
        duration=reading.duration or 0.0,
        complete=reading.complete,
        holes=tuple(reading.holes),
        channels=meter.channels(),
        warnings=tuple(reading.warnings),
    )


def tracks(source: str | Path | bytes) -> tuple[Track, ...]:
    """The audio tracks of a recording.

    Raises:
        AudioError: it cannot be read. AudioNotFound: there is no such file.
    """
    name = "<bytes>" if isinstance(source, bytes) else str(source)
    opening = io.BytesIO(source) if isinstance(source, bytes) else files.opened(Path(source), name)
    try:
        with opening as file, containers.opened(file) as container:
            return of(container)
    except Exception as error:
        raise files.unreadable(name, error) from error


def track(source: str | Path | bytes, wanted: str | None) -> Track:
    """The track that `wanted` names (a number or a language), or the file's default.

    Raises:
        AudioError: the recording cannot be read, or has no such track.
    """
    name = "<bytes>" if isinstance(source, bytes) else str(source)
    found = tracks(source)
    if not found:
        raise AudioError(f"{name}: no sound in it", "give a file with an audio track")
    return chosen(found, wanted, name)


class _Meter:
    """Measures the channels of every block, and passes their mix on."""

    def __init__(self) -> None:
        self._channels: dict[int, _Sums] = {}

    def __call__(self, block: npt.NDArray[np.float32]) -> Samples:
        for number, samples in enumerate(block[1:] if len(block) > 1 else block):
            self._channels.setdefault(number, _Sums()).add(samples)
        mixed: Samples = block[0]
        return mixed

    def channels(self) -> tuple[Loudness, ...]:
        return tuple(sums.loudness() for _, sums in sorted(self._channels.items()))


@dataclass
class _Sums:
    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    clipped: int = 0
    peak: float = 0.0

    def add(self, samples: Samples) -> None:
        sizes = np.abs(samples)
        self.count += len(samples)
        self.total += float(samples.sum(dtype=np.float64))
        self.squares += float(np.square(samples, dtype=np.float64).sum())
        self.clipped += int(np.count_nonzero(sizes >= CLIPPED))
        self.peak = max(self.peak, float(sizes.max(initial=0.0)))

    def loudness(self) -> Loudness:
        count = max(self.count, 1)
        return Loudness(
            peak=_decibels(self.peak),
            level=_decibels((self.squares / count) ** 0.5),
            offset=self.total / count,
            clipped=self.clipped / count,
        )


def _decibels(amplitude: float) -> float:
    return max(20 * math.log10(amplitude), FLOOR) if amplitude > 0 else FLOOR
