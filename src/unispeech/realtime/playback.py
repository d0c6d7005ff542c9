"""Recordings and raw PCM as if somebody were speaking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from unispeech.audio.recording import Recording
from unispeech.errors import AudioError
from unispeech.realtime.ticks import TICK
from unispeech.types import SAMPLE_RATE

if TYPE_CHECKING:
    from unispeech.types import Samples

RATES = (8_000, 192_000)
"""Hz; sound outside them is a mistake."""
READ = 4096
"""Bytes that are asked of a pipe at once: an eighth of a second."""


def play(recording: Recording) -> Iterator[Samples]:
    """A recording a tick at a time. Raises as `Recording.blocks` does."""
    for block in recording.blocks():
        for start in range(0, len(block), TICK):
            yield block[start : start + TICK]


def at_speed(
    pieces: Iterator[Samples],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Samples]:
    """Each piece when its last sample would have been spoken."""
    begun, heard = clock(), 0
    for piece in pieces:
        heard += len(piece)
        early = begun + heard / SAMPLE_RATE - clock()
        if early > 0:
            sleep(early)
        yield piece


def raw(stream: IO[bytes], sample_rate: int = SAMPLE_RATE) -> Iterator[Samples]:
    """Raw PCM from a pipe: signed 16 bits, little-endian, mono. Raises as `Pcm` does, at once."""
    return _read(stream, Pcm(sample_rate))


def _read(stream: IO[bytes], pcm: Pcm) -> Iterator[Samples]:
    read = getattr(stream, "read1", stream.read)
    while data := read(READ):
        yield pcm.feed(data)
    yield pcm.end()


def check_rate(sample_rate: int) -> None:
    """Raises:
    AudioError: a sample rate that no sound has.
    """
    low, high = RATES
    if not low <= sample_rate <= high:
        raise AudioError(f"a sample rate of {sample_rate} Hz", f"give one from {low} to {high}")


class Pcm:
    """Bytes of signed 16-bit little-endian mono sound, in pieces of any size, to samples.

    Resampled with FFmpeg's resampler, whose state goes from piece to piece.

    Raises:
        AudioError: a sample rate that no sound has.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE) -> None:
        check_rate(sample_rate)
        self._rate = sample_rate
        self._half = b""
        self._resampler: Any = None
        if sample_rate != SAMPLE_RATE:
            import av

            self._resampler = av.AudioResampler("fltp", "mono", SAMPLE_RATE)

    def feed(self, data: bytes) -> Samples:
        """The samples that are complete by now; half a sample waits for its other half."""
        import numpy as np

        data = self._half + data
        whole = len(data) // 2 * 2
        self._half = data[whole:]
        return self.resample(np.frombuffer(data[:whole], "<i2").astype(np.float32) / 32768.0)

    def resample(self, samples: Samples) -> Samples:
        """Samples at the stream's own rate to 16 kHz."""
        import numpy as np

        if self._resampler is None or not len(samples):
            return samples
        import av

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], "fltp", "mono")
        frame.sample_rate = self._rate
        return self._joined(frame)

    def end(self) -> Samples:
        """What the resampler still held. An odd last byte is no sample and is let go."""
        import numpy as np

        return np.zeros(0, np.float32) if self._resampler is None else self._joined(None)

    def _joined(self, frame: Any) -> Samples:
        import numpy as np

        frames = self._resampler.resample(frame)
        return np.concatenate(
            [np.zeros(0, np.float32), *(piece.to_ndarray()[0] for piece in frames)]
        )
