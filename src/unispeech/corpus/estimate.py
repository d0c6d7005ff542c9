"""Estimate of a run: rows, hours of sound, parts, and the speed to expect."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unispeech.backends.choose import Measurement
from unispeech.corpus.rows import Row
from unispeech.corpus.run import Limits
from unispeech.corpus.sound import Reader
from unispeech.engine import sound
from unispeech.errors import UnispeechError
from unispeech.options import SoundOptions

LOOKED_AT = 50
"""Recordings of unknown length whose headers are read, chosen at random."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The rows that are left of a run."""

    rows: int
    seconds: float
    """Of sound; of recordings of unknown length, by the mean of those looked at."""
    looked_at: int
    """The number of recordings whose headers were read, if not all rows state their length."""
    limits: Limits

    @property
    def parts(self) -> int:
        by_time = self.seconds / self.limits.seconds
        return max(round(by_time + 0.5), -(-self.rows // self.limits.rows)) if self.rows else 0


def estimate(rows: Iterable[Row], limits: Limits) -> Estimate:
    """Count rows and their sound. Reads the headers of at most `LOOKED_AT` recordings."""
    count, unknown = 0, 0
    stated = 0.0
    sample: list[Row] = []
    chance = random.Random(0)
    for row in rows:
        count += 1
        length = row.end - row.start if row.end is not None else row.stated
        if length is not None:
            stated += length
            continue
        unknown += 1
        if len(sample) < LOOKED_AT:
            sample.append(row)
        elif (place := chance.randrange(unknown)) < LOOKED_AT:
            sample[place] = row
    lengths = [length for row in sample if (length := _length(row)) is not None]
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    return Estimate(count, stated + unknown * mean, len(lengths), limits)


def speed(
    measurements: Sequence[Measurement], backend: str, model: str, beam_size: int
) -> float | None:
    """Seconds of sound per second of this machine, as `unispeech bench` measured; None if not."""
    own = [m for m in measurements if m.backend == backend and m.model == model]
    nearest = min(own, key=lambda m: abs(m.beam_size - beam_size), default=None)
    return nearest.speed if nearest else None


def _length(row: Row) -> float | None:
    """The length of a recording by its header; None if it has none or cannot be read."""
    taken = Reader(SoundOptions(), None).take(row)
    try:
        recording = sound.opened(taken.input)
        next(recording.blocks(), None)
    except UnispeechError:
        return None
    finally:
        taken.close()
    return recording.duration
