"""Decoding of uploads in separate processes, with limits on memory, time and length.

The result is a 16 kHz mono WAV, the only format that the rest of the service reads. A file that
crashes, stalls or inflates the decoder costs one such process and one clear error.

A process may also die, or lack memory, through no fault of the file (the system's out-of-memory
killer, a signal to the process group). `DecoderDied` is therefore worth another try.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pebble import CONSTS, ProcessExpired, ProcessPool

from unispeech.audio import containers
from unispeech.audio.pcm import WavWriter
from unispeech.engine import lanes, sound
from unispeech.engine.sound import Input
from unispeech.errors import AudioError
from unispeech.options import SoundOptions
from unispeech.server.speech.flac import FlacWriter
from unispeech.server.storage.machine_faults import machine_fault
from unispeech.types import SAMPLE_RATE

log = logging.getLogger("unispeech.server")

T = TypeVar("T")

TRIES = 3
"""Decodings of one file by a request before a dying decoder is blamed on the file."""
POLL_INTERVAL = 0.5
"""Seconds between two searches of pebble for dead processes and expired tasks."""
LOSS_INTERVAL = 1.0
"""Seconds between two looks whether the pool of a waiting task still exists."""
TERMINATION = 0.1
"""Seconds that pebble waits for a process to end by itself: ours ignore SIGTERM."""


class DecoderDied(AudioError):
    """The decoding process died or ran out of memory."""


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
        CONSTS.sleep_unit, CONSTS.term_timeout = POLL_INTERVAL, TERMINATION
        self._processes = processes
        self._memory = memory
        self._timeout = timeout
        self._lock = threading.Lock()
        self._closed = False
        self._pool = self._new_pool()

    def start(self) -> None:
        """Start a process before the first upload arrives."""
        self._schedule(_import_decoder)

    def decode(self, source: Path, target: Path, name: str, range: DecodeRange) -> Decoded:
        """Decode `source` to `target`, a WAV or (mono only) FLAC. Errors call the file `name`.

        Raises:
            AudioError: the file is not a recording, or decoding takes too long.
            DecoderDied: worth another try.
            TooLong: the recording is longer than `range.max_duration`.
            OSError: the machine is to blame (see `machine_faults`).
        """
        future, pool = self._schedule(_decode, source, target, name, range)
        try:
            while not wait([future], LOSS_INTERVAL).done:
                _check_loss(future, pool)
            return future.result()
        except _FAILURES as error:
            _explain(name, error)

    async def decode_async(
        self, source: Path, target: Path, name: str, range: DecodeRange
    ) -> Decoded:
        """Run `decode` in the event loop, again if the decoder dies. Cancelling stops it."""
        return await self._result(name, _decode, source, target, name, range)

    async def probe(self, source: Path, name: str) -> dict[str, Any]:
        """Read `container`, `audio`, `video`, `width` and `height` from the file's header."""
        return await self._result(name, _probe, source, name)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def processes(self) -> list[int]:
        """Return the IDs of the decoding processes."""
        return list(self._pool._pool_manager.worker_manager.workers)

    async def _result(self, name: str, work: Callable[..., T], *arguments: Any) -> T:
        for tries in range(1, TRIES + 1):
            try:
                return await _result_of(*self._schedule(work, *arguments))
            except _FAILURES as error:
                try:
                    _explain(name, error)
                except DecoderDied:
                    if tries == TRIES:
                        raise
                    log.warning("a decoder died; decoding again", extra={"try": tries})
        raise AssertionError

    def _schedule(self, work: Callable[..., T], *arguments: Any) -> tuple[Future[T], ProcessPool]:
        with self._lock, signals_blocked():
            if self._closed:
                raise CancelledError()
            try:
                future = self._pool.schedule(work, args=arguments, timeout=self._timeout)
            except RuntimeError:
                # pebble gives up a pool when an idle process dies or none can be started.
                log.warning("the decoding processes are started again")
                self._pool.stop()  # type: ignore[no-untyped-call]
                threading.Thread(target=self._pool.join, daemon=True).start()
                self._pool = self._new_pool()
                future = self._pool.schedule(work, args=arguments, timeout=self._timeout)
            return future, self._pool

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._processes,
            max_tasks=200,
            initializer=prepare_process,
            initargs=(self._memory,),
            context=multiprocessing.get_context("spawn"),
        )


_PARENT_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Signals of Ctrl-C and of a stop of the process group or control group: the parent handles them.
"""
_FAILURES = (FutureTimeout, ProcessExpired, BrokenProcessPool, MemoryError)


async def _result_of(future: Future[T], pool: ProcessPool) -> T:
    """Wait for a task. Cancelling stops it."""
    waiting = asyncio.wrap_future(future)
    while not waiting.done():
        try:
            await asyncio.wait_for(asyncio.shield(waiting), LOSS_INTERVAL)
        except TimeoutError:
            if not waiting.done():
                _check_loss(future, pool)
        except asyncio.CancelledError:
            waiting.cancel()
            raise
    return waiting.result()


def _check_loss(future: Future[Any], pool: ProcessPool) -> None:
    """Raise if a pool that has ended has forgotten a task, which it then never completes.

    pebble aborts the tasks that it has registered when it gives up a pool. One that is scheduled at
    that moment is registered later, or not at all.
    """
    if not pool.active and future.cancel():
        raise BrokenProcessPool


def _explain(name: str, error: BaseException) -> NoReturn:
    """Raise what a failure of a decoding process means."""
    if isinstance(error, FutureTimeout):
        raise AudioError(
            f"{name}: decoding takes too long", "convert it to WAV or FLAC first"
        ) from error
    if isinstance(error, MemoryError):
        raise DecoderDied(
            f"{name}: decoding takes too much memory", "convert it to WAV first"
        ) from None  # a MemoryError as the cause would blame this machine
    if isinstance(error.__cause__, OSError) and machine_fault(error.__cause__):
        raise error.__cause__
    raise DecoderDied(f"{name}: the decoder crashed", "convert it to WAV or FLAC first") from error


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Start processes and threads that inherit a mask of `_PARENT_SIGNALS`.

    A new process imports modules for a second before it can ignore them; until then Ctrl-C would
    kill it with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # its start unblocks the signals
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, _PARENT_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def prepare_process(memory: int) -> None:
    """Initialise a decoding process."""
    # What libraries print would break the lines of a JSON log.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    for number in _PARENT_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(1)


def _end_with_parent() -> None:
    """End this process when its parent dies, even in the middle of a file."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
    try:
        return _decoded(source, target, name, range)
    except AudioError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and machine_fault(cause):
            raise OSError(cause.errno, cause.strerror) from None  # causes are not pickled
        raise


def _writer(target: Path, channels: int) -> WavWriter | FlacWriter:
    return FlacWriter(target) if target.suffix == ".flac" else WavWriter(target, channels)


def _decoded(source: Path, target: Path, name: str, range: DecodeRange) -> Decoded:
    inputs = lanes.lanes_of(Input(source), range.sound)
    recordings = [sound.opened(lane, range.sound, name=name) for lane in inputs]
    first = round(range.start * SAMPLE_RATE)
    last = float("inf") if range.end is None else round(range.end * SAMPLE_RATE)
    limit = range.max_duration * SAMPLE_RATE
    position = written = 0
    with _writer(target, len(recordings)) as file:
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
