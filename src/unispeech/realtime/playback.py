"""Recordings and raw PCM as if somebody were speaking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import IO

from unispeech.audio.pcm import PcmDecoder
from unispeech.audio.recording import Recording
from unispeech.realtime.ticks import TICK
from unispeech.types import SAMPLE_RATE, Samples

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
    """Raw PCM from a pipe: signed 16 bits, little-endian, mono. Raises as `PcmDecoder` does, at
    once."""
    return _read(stream, PcmDecoder(sample_rate))


def _read(stream: IO[bytes], pcm: PcmDecoder) -> Iterator[Samples]:
    read = getattr(stream, "read1", stream.read)
    while data := read(READ):
        yield pcm.feed(data)
    yield pcm.end()
