"""Waveform of a recording: minimum and maximum of each interval, from -128 to 127."""

from __future__ import annotations

import math
import uuid
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unispeech.server.speech import flac
from unispeech.types import SAMPLE_RATE

Peaks = npt.NDArray[np.int8]
"""Shape (intervals, 2): minimum, maximum."""

FINEST = 100
"""Intervals per second of a stored waveform: 3 MB for four hours, whose WAV has 460 MB."""
_STEP = SAMPLE_RATE // FINEST
_BLOCK = 1000
"""Intervals measured at once: a day of audio is gigabytes."""


def measure_peaks(sound: Path, per_second: int, start: float, end: float | None) -> Peaks:
    """Return the waveform of a 16 kHz WAV or FLAC between two times in seconds."""
    step = SAMPLE_RATE // per_second
    pairs = [np.zeros((0, 2), np.int16)]
    length = _samples(sound)
    first = min(length, round(start * SAMPLE_RATE))
    last = length if end is None else min(length, round(end * SAMPLE_RATE))
    for samples in _blocks(sound, first, last, _BLOCK * step):
        pairs.append(_extremes(samples, step))
    return (np.concatenate(pairs) >> 8).astype(np.int8)


def _samples(sound: Path) -> int:
    if sound.suffix == ".flac":
        return flac.count_samples(sound)
    with wave.open(str(sound), "rb") as file:
        return file.getnframes()


def _blocks(sound: Path, first: int, last: int, size: int) -> Iterator[npt.NDArray[np.int16]]:
    """Yield samples of shape (size, channels); the last block may be shorter."""
    if sound.suffix == ".flac":
        rest = np.zeros(0, np.int16)
        for samples in flac.read(sound, first, last):
            rest = np.concatenate([rest, samples])
            while len(rest) >= size:
                yield rest[:size, None]
                rest = rest[size:]
        if len(rest):
            yield rest[:, None]
        return
    with wave.open(str(sound), "rb") as file:
        file.setpos(first)
        for position in range(first, last, size):
            data = file.readframes(min(size, last - position))
            yield np.frombuffer(data, np.int16).reshape(-1, file.getnchannels())


def _extremes(values: npt.NDArray[np.int16], step: int) -> npt.NDArray[np.int16]:
    """The smallest and the largest of every `step` samples, shape (n, channels)."""
    count = math.ceil(len(values) / step)
    blocks = np.pad(values, ((0, count * step - len(values)), (0, 0))).reshape(count, -1)
    return np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1)


def duration(sound: Path) -> float:
    """Return the length of a WAV or FLAC in seconds."""
    return _samples(sound) / SAMPLE_RATE


def save_peaks(sound: Path, target: Path) -> None:
    """Write the finest waveform of a WAV or FLAC, so that drawing it needs no decoding."""
    part = target.with_name(f"{target.name}-{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(measure_peaks(sound, FINEST, 0.0, None).tobytes())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def load_peaks(
    stored: bytes | None, per_second: int, start: float, end: float | None
) -> Peaks | None:
    """Return a part of the waveform that `save_peaks` wrote; None if it is missing or its intervals
    do not fit."""
    first = round(start * SAMPLE_RATE)
    last = None if end is None else round(end * SAMPLE_RATE)
    if FINEST % per_second or first % _STEP or stored is None:
        return None
    finest = np.frombuffer(stored, np.int8).reshape(-1, 2)
    to_the_end = last is None or last > (len(finest) - 1) * _STEP
    if not to_the_end and last is not None and last % _STEP:
        return None
    part = finest[first // _STEP : None if to_the_end or last is None else last // _STEP]
    size = FINEST // per_second
    count = math.ceil(len(part) / size)
    blocks = np.pad(part, ((0, count * size - len(part)), (0, 0))).reshape(count, size, 2)
    return np.stack([blocks[:, :, 0].min(axis=1), blocks[:, :, 1].max(axis=1)], axis=1)
