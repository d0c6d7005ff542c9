"""The waveform of a recording: the loudest swing down and up of each stretch, -128 to 127."""

from __future__ import annotations

import math
import uuid
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from unispeech.types import SAMPLE_RATE

Swings = npt.NDArray[np.int8]
"""Rows of two: down, up."""

FINEST = 100
"""Stretches a second that are kept: 3 MB for four hours, whose sound has 460."""
_STEP = SAMPLE_RATE // FINEST
_AT_ONCE = 1000
"""Stretches that are measured at once: a day of sound is gigabytes."""


def measured(sound: Path, per_second: int, start: float, end: float | None) -> Swings:
    """That of a WAV of 16 kHz mono, between two times in seconds."""
    step = SAMPLE_RATE // per_second
    pairs = [np.zeros((0, 2), np.int16)]
    with wave.open(str(sound), "rb") as file:
        length = file.getnframes()
        first = min(length, round(start * SAMPLE_RATE))
        last = length if end is None else min(length, round(end * SAMPLE_RATE))
        file.setpos(first)
        for at in range(first, last, _AT_ONCE * step):
            samples = np.frombuffer(file.readframes(min(_AT_ONCE * step, last - at)), np.int16)
            pairs.append(_loudest(samples, step))
    return (np.concatenate(pairs) >> 8).astype(np.int8)


def _loudest(values: npt.NDArray[np.int16], step: int) -> npt.NDArray[np.int16]:
    count = math.ceil(len(values) / step)
    blocks = np.pad(values, (0, count * step - len(values))).reshape(count, step)
    return np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1)


def seconds(sound: Path) -> float:
    with wave.open(str(sound), "rb") as file:
        return file.getnframes() / SAMPLE_RATE


def keep(sound: Path, target: Path) -> None:
    """Write the finest waveform of a WAV, so that nothing has to be decoded to draw it."""
    fresh = target.with_name(f"{target.name}-{uuid.uuid4().hex}.part")
    try:
        fresh.write_bytes(measured(sound, FINEST, 0.0, None).tobytes())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def kept(path: Path, per_second: int, start: float, end: float | None) -> Swings | None:
    """A stretch of what `keep` wrote; None where there is none, or where it is not fine enough."""
    first = round(start * SAMPLE_RATE)
    last = None if end is None else round(end * SAMPLE_RATE)
    if FINEST % per_second or first % _STEP or not path.is_file():
        return None
    finest = np.fromfile(path, np.int8).reshape(-1, 2)
    whole = last is None or last > (len(finest) - 1) * _STEP
    if not whole and last is not None and last % _STEP:
        return None
    part = finest[first // _STEP : None if whole or last is None else last // _STEP]
    each = FINEST // per_second
    count = math.ceil(len(part) / each)
    blocks = np.pad(part, ((0, count * each - len(part)), (0, 0))).reshape(count, each, 2)
    return np.stack([blocks[:, :, 0].min(axis=1), blocks[:, :, 1].max(axis=1)], axis=1)
