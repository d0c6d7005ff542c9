"""Uploads are decoded in processes of their own, with limits on memory, time and length.

What comes out is a WAV of 16 kHz mono, which is all the rest of the service ever reads. A file that
crashes, stalls or inflates the decoder costs one such process and one clear error.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from unispeech.audio import containers
from unispeech.audio.pcm import WavWriter
from unispeech.engine import sound
from unispeech.errors import AudioError
from unispeech.types import SAMPLE_RATE


class TooLong(AudioError):
    """The recording is longer than this service takes."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A recording as the engine will read it."""

    path: Path
    duration: float
    warnings: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of an upload to decode, and how much at most. Seconds."""

    start: float = 0.0
    end: float | None = None
    longest: float = float("inf")


class Decoders:
    """The processes that decode. Started when first needed, replaced when they die."""

    def __init__(self, processes: int, memory: int, timeout: float) -> None:
        self._timeout = timeout
        self._pool = ProcessPool(
            max_workers=processes,
            max_tasks=200,
            initializer=_confine,
            initargs=(memory,),
            context=multiprocessing.get_context("spawn"),
        )

    def start(self) -> None:
        """Have a process ready before the first upload comes."""
        self._pool.schedule(_ready)

    def submit(self, source: Path, target: Path, name: str, cut: Cut) -> Future[Decoded]:
        future: Future[Decoded] = self._pool.schedule(
            _decode, args=(source, target, name, cut), timeout=self._timeout
        )
        return future

    def decode(self, source: Path, target: Path, name: str, cut: Cut) -> Decoded:
        """Write the sound of `source` to `target`. `name` is what errors call it.

        Raises:
            AudioError: it is not a recording, or decoding it takes too much memory or time.
            TooLong: it is longer than `cut.longest`.
        """
        try:
            return self.submit(source, target, name, cut).result()
        except (FutureTimeout, ProcessExpired, MemoryError) as error:
            raise _explained(name, error) from error

    async def decode_async(self, source: Path, target: Path, name: str, cut: Cut) -> Decoded:
        """As `decode`, for the event loop. Cancelling stops the process."""
        future = self.submit(source, target, name, cut)
        try:
            return await asyncio.wrap_future(future)
        except (FutureTimeout, ProcessExpired, MemoryError) as error:
            raise _explained(name, error) from error

    async def look(self, source: Path, name: str) -> dict[str, Any]:
        """What a recording is, from its head: `container`, `audio`, `video`, `width`, `height`."""
        future: Future[dict[str, Any]] = self._pool.schedule(
            _look, args=(source, name), timeout=self._timeout
        )
        try:
            return await asyncio.wrap_future(future)
        except (FutureTimeout, ProcessExpired, MemoryError) as error:
            raise _explained(name, error) from error

    def close(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _explained(name: str, error: BaseException) -> AudioError:
    if isinstance(error, FutureTimeout):
        return AudioError(f"{name}: decoding takes too long", "convert it to WAV or FLAC first")
    if isinstance(error, MemoryError):
        return AudioError(f"{name}: decoding takes too much memory", "convert it to WAV first")
    return AudioError(f"{name}: the decoder died on it", "convert it to WAV or FLAC first")


def _confine(memory: int) -> None:
    """Runs first in every decoding process."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(1)


def _ready() -> None:
    import av  # noqa: F401


def _look(source: Path, name: str) -> dict[str, Any]:
    import av

    try:
        with source.open("rb") as upload, containers.opened(upload) as file:
            video = next(iter(containers.films(file)), None)
            sound = next(iter(file.streams.audio), None)
            return {
                "container": file.format.name,
                "audio": sound.codec_context.name if sound else None,
                "video": video.codec_context.name if video else None,
                "width": video.width if video else None,
                "height": video.height if video else None,
            }
    except (av.FFmpegError, OSError) as error:
        raise AudioError(f"{name}: it cannot be read", "convert it to WAV or FLAC") from error


def _decode(source: Path, target: Path, name: str, cut: Cut) -> Decoded:
    recording = sound.recording(source, name=name)
    first = round(cut.start * SAMPLE_RATE)
    last = float("inf") if cut.end is None else round(cut.end * SAMPLE_RATE)
    limit = cut.longest * SAMPLE_RATE
    seen = written = 0
    with WavWriter(target) as file:
        for block in recording.blocks():
            wanted = block[max(0, first - seen) : int(max(0, min(last - seen, len(block))))]
            seen += len(block)
            written += len(wanted)
            if written > limit:
                raise TooLong(
                    f"{name}: it is longer than {cut.longest:g} s", "send it in shorter pieces"
                )
            file.write(wanted)
            if seen >= last:
                break
    if not written:
        raise AudioError(f"{name}: there is nothing between {cut.start:g} s and its end")
    return Decoded(target, written / SAMPLE_RATE, tuple(recording.warnings), recording.complete)
