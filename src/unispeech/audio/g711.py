"""G.711, the two 8-bit codings of telephone sound (ITU-T G.711, 1988)."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Law = Literal["mulaw", "alaw"]

RATE = 8_000
"""Sample rate of G.711, in Hz."""


def decode(data: bytes, law: Law) -> bytes:
    """Return signed 16-bit little-endian PCM, a sample for every byte."""
    return _table(law)[np.frombuffer(data, np.uint8)].tobytes()


@cache
def _table(law: Law) -> npt.NDArray[np.int16]:
    """The sample of every byte, shape (256,)."""
    codes = np.arange(256)
    codes = ~codes & 0xFF if law == "mulaw" else codes ^ 0x55
    exponent, mantissa = codes >> 4 & 7, codes & 15
    if law == "mulaw":
        values = (((mantissa << 3) + 132) << exponent) - 132
        negative = codes & 0x80 != 0
    else:
        values = np.where(
            exponent == 0,
            (mantissa << 4) + 8,
            ((mantissa << 4) + 264) << np.maximum(exponent - 1, 0),
        )
        negative = codes & 0x80 == 0
    return np.where(negative, -values, values).astype("<i2")
