"""Decoding of one recording by several processes (decision 0119).

The process that runs the call plans the chunks ahead of decoding and offers them without their
samples. Every process takes chunks before it decodes them and records the results in the shared
journal, so the call passes on what others have decoded. Only the call mends seams and stitches.
"""

from __future__ import annotations

import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

import numpy as np

from unispeech.audio import pcm
from unispeech.call import IsCancelled, Spread
from unispeech.errors import AudioError, Cancelled
from unispeech.stages import batching
from unispeech.stages.batching import Decode
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Samples

MOST_OFFERED = 32
"""Items planned between two offers; the first offers are smaller."""
POLL_INTERVAL = 0.1
"""Seconds between two looks at the journal while others decode."""
PATIENCE = 1200.0
"""Seconds without a result of others after which the call decodes a chunk that they have taken: the
process that has it may hang. The first result of a chunk stays."""

Mark = TypeVar("Mark")


def planned_ahead(
    items: Iterator[Chunk | Mark], spread: Spread, exited: threading.Event
) -> Iterator[Chunk | Mark]:
    """The same items, planned by a thread of its own as fast as it can, and offered to others.

    Of a planned chunk only its times stay in memory; its samples are read again when it is due.
    Setting `exited` stops the planning.
    """
    planned: SimpleQueue[Chunk | Mark | Exception | None] = SimpleQueue()

    def plan() -> None:
        size = 1
        try:
            while not exited.is_set() and (group := list(islice(items, size))):
                if exited.is_set():  # the sound may be gone, and its end wrong
                    return
                bare = [_without_samples(item) for item in group]
                spread.offer([item for item in bare if isinstance(item, Chunk)])
                for item in bare:
                    planned.put(item)
                size = min(2 * size, MOST_OFFERED)
        except Exception as error:  # raised again when the consumer gets there
            planned.put(error)
        finally:
            planned.put(None)

    thread = threading.Thread(target=plan, name="unispeech-plan", daemon=True)
    thread.start()
    while (item := planned.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield with_samples(item, spread.sound) if isinstance(item, Chunk) else item
    thread.join()


def sharing(decode: Decode, spread: Spread, cancelled: IsCancelled) -> Decode:
    """`decode` for the chunks of a batch that no other process takes; waits for those of others."""
    lock = threading.Lock()  # a second batch of this process must not take the work of others

    def decode_shared(chunks: list[Chunk]) -> list[ChunkResult]:
        results: dict[int, ChunkResult] = {}
        last = time.monotonic()
        while missing := [chunk for chunk in chunks if chunk.index not in results]:
            with lock:
                if cancelled():
                    raise Cancelled()
                taken = spread.take(missing)
                if not taken and time.monotonic() - last > PATIENCE:
                    taken = missing
                for chunk, result in zip(taken, decode(taken) if taken else (), strict=True):
                    results[chunk.index] = result
            recorded = [(chunk.index, spread.recorded(chunk)) for chunk in missing]
            results |= {index: known for index, known in recorded if known is not None}
            if any(chunk.index in results for chunk in missing):
                last = time.monotonic()
            else:
                time.sleep(POLL_INTERVAL)
        return [results[chunk.index] for chunk in chunks]

    return decode_shared


def assist(decode: Decode, spread: Spread, cancelled: IsCancelled, batch_size: int) -> None:
    """Decode chunks of another process's call, a batch at a time, until none is open.

    Raises:
        Cancelled: the caller cancelled.
        UnispeechError: a chunk could not be decoded.
    """
    while not cancelled() and (waiting := spread.open(batching.LOOKAHEAD * batch_size)):
        taken = spread.take(batching.alike(waiting, batch_size))
        if not taken:  # others were quicker
            time.sleep(POLL_INTERVAL)
            continue
        for result in decode([with_samples(chunk, spread.sound) for chunk in taken]):
            if result.error:
                raise result.error


def with_samples(chunk: Chunk, sound: Path) -> Chunk:
    """A planned chunk with its samples, from a WAV of 16 kHz, 16 bits and one channel.

    Raises:
        AudioError: the file ends before the chunk does.
    """
    first = round((chunk.start - chunk.before) * SAMPLE_RATE)
    count = round((chunk.before + chunk.duration + chunk.after) * SAMPLE_RATE)
    with wave.open(str(sound), "rb") as file:
        if first + count > file.getnframes():
            raise AudioError(f"{sound.name}: it ends before the chunk at {chunk.start:.1f} s")
        file.setpos(first)
        data = file.readframes(count)
    samples: Samples = pcm.to_float(np.frombuffer(data, "<i2"))
    if len(samples) != count:
        raise AudioError(f"{sound.name}: it ends before the chunk at {chunk.start:.1f} s")
    return replace(chunk, samples=samples)


def _without_samples(item: Chunk | Mark) -> Chunk | Mark:
    return replace(item, samples=np.zeros(0, np.float32)) if isinstance(item, Chunk) else item
