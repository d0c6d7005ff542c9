"""Recordings and raw PCM as live sources."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import IO

from unispeech.audio.pcm import PcmDecoder
from unispeech.audio.recording import Recording
from unispeech.realtime.ticks import TICK
from unispeech.types import SAMPLE_RATE, Samples

READ_SIZE = 4096
"""Bytes read from a pipe at a time: an eighth of a second at 16 kHz."""


def play(recording: Recording) -> Iterator[Samples]:
    """Yield a recording one tick at a time. Raises as `Recording.blocks` does."""
    for block in recording.blocks():
        for start in range(0, len(block), TICK):
            yield block[start : start + TICK]


def in_real_time(
    pieces: Iterator[Samples],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Samples]:
    """Yield each piece at the time of its last sample, counted from the first request."""
    start, count = clock(), 0
    for piece in pieces:
        count += len(piece)
        early = start + count / SAMPLE_RATE - clock()
        if early > 0:
            sleep(early)
        yield piece


def raw(stream: IO[bytes], sample_rate: int = SAMPLE_RATE) -> Iterator[Samples]:
    """Decode raw PCM from a pipe: signed 16 bits, little-endian, mono.

    Raises as `PcmDecoder` does, at the call and not at the first piece.
    """
    return _read(stream, PcmDecoder(sample_rate))


def _read(stream: IO[bytes], pcm: PcmDecoder) -> Iterator[Samples]:
    read = getattr(stream, "read1", stream.read)
    while data := read(READ_SIZE):
        yield pcm.feed(data)
    yield pcm.end()
