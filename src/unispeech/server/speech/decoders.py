"""Decoding of uploads in separate processes, with limits on memory, time and length.

The result is a 16 kHz mono WAV, the only format that the rest of the service reads. A file that
crashes, stalls or inflates the decoder costs one such process and one clear error.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from unispeech.audio import containers
from unispeech.audio.pcm import WavWriter
from unispeech.engine import lanes, sound
from unispeech.engine.sound import Input
from unispeech.errors import AudioError
from unispeech.options import SoundOptions
from unispeech.types import SAMPLE_RATE


class TooLong(AudioError):
    """The recording is longer than the limit."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded recording: a WAV for the engine."""

    path: Path
    duration: float
    warnings: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class DecodeRange:
    """Part of an upload to decode, and its maximum length, in seconds."""

    start: float = 0.0
    end: float | None = None
    max_duration: float = float("inf")
    sound: SoundOptions = field(default_factory=SoundOptions)
    """Track and channels to decode; their lanes become the channels of the decoded WAV."""


class Decoders:
    """Pool of decoding processes, which start on demand and are replaced when they die."""

    def __init__(self, processes: int, memory: int, timeout: float) -> None:
        self._timeout = timeout
        self._pool = ProcessPool(
            max_workers=processes,
            max_tasks=200,
            initializer=_limit_resources,
            initargs=(memory,),
            context=multiprocessing.get_context("spawn"),
        )

    def start(self) -> None:
        """Start a process before the first upload arrives."""
        self._pool.schedule(_import_decoder)

    def submit(self, source: Path, target: Path, name: str, range: DecodeRange) -> Future[Decoded]:
        future: Future[Decoded] = self._pool.schedule(
            _decode, args=(source, target, name, range), timeout=self._timeout
        )
        return future

    def decode(self, source: Path, target: Path, name: str, range: DecodeRange) -> Decoded:
        """Decode `source` to the WAV `target`. Errors call the file `name`.

        Raises:
            AudioError: the file is not a recording, or decoding takes too much memory or time.
            TooLong: the recording is longer than `range.max_duration`.
        """
        try:
            return self.submit(source, target, name, range).result()
        except (FutureTimeout, ProcessExpired, MemoryError) as error:
            raise _explained(name, error) from error

    async def decode_async(
        self, source: Path, target: Path, name: str, range: DecodeRange
    ) -> Decoded:
        """Run `decode` in the event loop. Cancelling stops the process."""
        future = self.submit(source, target, name, range)
        try:
            return await asyncio.wrap_future(future)
        except (FutureTimeout, ProcessExpired, MemoryError) as error:
            raise _explained(name, error) from error

    async def probe(self, source: Path, name: str) -> dict[str, Any]:
        """Read `container`, `audio`, `video`, `width` and `height` from the file's header."""
        future: Future[dict[str, Any]] = self._pool.schedule(
            _probe, args=(source, name), timeout=self._timeout
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
    return AudioError(f"{name}: the decoder crashed", "convert it to WAV or FLAC first")


def _limit_resources(memory: int) -> None:
    """Initialise a decoding process."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(1)


def _import_decoder() -> None:
    import av  # noqa: F401


def _probe(source: Path, name: str) -> dict[str, Any]:
    import av

    try:
        with source.open("rb") as upload, containers.opened(upload) as file:
            video = next(iter(containers.films(file)), None)
            audio = next(iter(file.streams.audio), None)
            return {
                "container": file.format.name,
                "audio": audio.codec_context.name if audio else None,
                "video": video.codec_context.name if video else None,
                "width": video.width if video else None,
                "height": video.height if video else None,
            }
    except (av.FFmpegError, OSError) as error:
        raise AudioError(f"{name}: the file cannot be read", "convert it to WAV or FLAC") from error


def _decode(source: Path, target: Path, name: str, range: DecodeRange) -> Decoded:
    inputs = lanes.lanes_of(Input(source), range.sound)
    recordings = [sound.opened(lane, range.sound, name=name) for lane in inputs]
    first = round(range.start * SAMPLE_RATE)
    last = float("inf") if range.end is None else round(range.end * SAMPLE_RATE)
    limit = range.max_duration * SAMPLE_RATE
    position = written = 0
    with WavWriter(target, len(recordings)) as file:
        for block in lanes.side_by_side(recordings):
            end = int(max(0, min(last - position, block.shape[1])))
            samples = block[:, max(0, first - position) : end]
            position += block.shape[1]
            written += samples.shape[1]
            if written > limit:
                raise TooLong(
                    f"{name}: the recording is longer than {range.max_duration:g} s",
                    "send it in shorter pieces",
                )
            file.write(samples)
            if position >= last:
                break
    if not written:
        raise AudioError(f"{name}: there is no audio after {range.start:g} s")
    warnings = dict.fromkeys(line for recording in recordings for line in recording.warnings)
    complete = all(recording.complete for recording in recordings)
    return Decoded(target, written / SAMPLE_RATE, tuple(warnings), complete)
