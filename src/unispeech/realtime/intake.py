"""The queue between a source of sound and the session that transcribes it.

A source that can wait (a file, a pipe, a socket) is blocked once `limit` seconds are queued. A
source that cannot (a microphone) has no limit: sound beyond `IN_MEMORY` goes to a temporary file.
"""

from __future__ import annotations

import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import IO

import numpy as np

from unispeech.errors import AudioError
from unispeech.realtime.events import Event
from unispeech.realtime.session import Session
from unispeech.realtime.ticks import TICK
from unispeech.types import SAMPLE_RATE, Samples

IN_MEMORY = 60.0
"""Seconds of sound queued in memory before the rest goes to a file."""
SAMPLE_BYTES = 4
"""Bytes of a float32 sample."""
END_PHRASE: Samples = np.zeros(0, np.float32)
"""Empty piece that ends the phrase."""
DISCARD_PHRASE: Samples = np.zeros(0, np.float32)
"""Empty piece that discards the phrase; told from `END_PHRASE` by identity."""


class Intake:
    """A queue of samples between two threads. Iteration blocks, and ends after `close`."""

    def __init__(self, limit: float | None = None) -> None:
        self._limit = limit
        self._memory: deque[Samples] = deque()
        self._in_memory = 0  # samples
        self._file: IO[bytes] | None = None
        self._read = self._written = 0  # bytes of the file
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self.level = 0.0
        """Loudness of the newest samples: root mean square, 0 to 1."""
        self.overflows = 0
        """Times that the source reported lost sound."""

    @property
    def waiting(self) -> float:
        """Seconds of sound in the queue."""
        return (self._in_memory + (self._written - self._read) // SAMPLE_BYTES) / SAMPLE_RATE

    @property
    def closed(self) -> bool:
        """True if no more samples are accepted."""
        return self._closed

    def put(self, samples: Samples) -> None:
        """Add samples, shape (n,). Blocks while the queue is over its limit, if it has one."""
        if not len(samples):
            return
        self.level = float(np.sqrt(np.mean(np.square(samples))))
        with self._changed:
            if self._limit is not None:
                full = self._limit * SAMPLE_RATE
                self._changed.wait_for(lambda: self._in_memory < full or self._closed)
            if self._closed:
                return
            if self._file is not None or (
                self._limit is None and self._in_memory > IN_MEMORY * SAMPLE_RATE
            ):
                self._spill(samples)
            else:
                self._memory.append(samples)
                self._in_memory += len(samples)
            self._changed.notify_all()

    def end_phrase(self) -> None:
        """End the phrase after the samples so far: the reader gets `END_PHRASE`."""
        self._mark(END_PHRASE)

    def discard_phrase(self) -> None:
        """Discard the phrase up to the samples so far: the reader gets `DISCARD_PHRASE`."""
        self._mark(DISCARD_PHRASE)

    def _mark(self, mark: Samples) -> None:
        with self._changed:
            self._memory.append(mark)
            self._changed.notify_all()

    def close(self, error: BaseException | None = None) -> None:
        """End the queue. The reader gets `error`, if any, after everything before it."""
        with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()

    def __iter__(self) -> Iterator[tuple[Samples, float]]:
        """Yield pieces of at most one tick, each with the seconds of sound behind it."""
        try:
            while (piece := self._take()) is not None:
                if not len(piece):
                    yield piece, self.waiting
                for start in range(0, len(piece), TICK):
                    rest = max(len(piece) - start - TICK, 0) / SAMPLE_RATE
                    yield piece[start : start + TICK], self.waiting + rest
        finally:
            self.close()
            if self._file is not None:
                self._file.close()
        if self._error is not None:
            raise self._error

    def _take(self) -> Samples | None:
        with self._changed:
            self._changed.wait_for(lambda: self._memory or self._written or self._closed)
            if not self._memory and self._written:
                self._refill()
            if not self._memory:
                return None
            piece = self._memory.popleft()
            self._in_memory -= len(piece)
            self._changed.notify_all()
            return piece

    def _spill(self, samples: Samples) -> None:
        self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115  (closed by __iter__)
        self._file.seek(self._written)
        self._written += self._file.write(samples.tobytes())

    def _refill(self) -> None:
        """Move a second from the file to memory; close the file at its end."""
        assert self._file is not None
        self._file.seek(self._read)
        data = self._file.read(SAMPLE_RATE * SAMPLE_BYTES)
        self._read += len(data)
        self._memory.append(np.frombuffer(data, np.float32))
        self._in_memory += len(data) // SAMPLE_BYTES
        if self._read == self._written:
            self._file.close()
            self._file, self._read, self._written = None, 0, 0


def fill(intake: Intake, pieces: Iterator[Samples]) -> threading.Thread:
    """Put all pieces of an iterator into an intake, from a new thread."""

    def put_all() -> None:
        try:
            for piece in pieces:
                intake.put(piece)
            intake.close()
        except BaseException as error:
            intake.close(error)

    thread = threading.Thread(target=put_all, name="unispeech-intake", daemon=True)
    thread.start()
    return thread


def without_lag(pieces: Iterable[Samples]) -> Iterator[tuple[Samples, float]]:
    """Yield pieces as an intake does, without lag, so that the session skips no partial results."""
    for piece in pieces:
        yield piece, 0.0


def listen(
    session: Session,
    pieces: Iterable[tuple[Samples, float]],
    record: Callable[[Samples], None] = lambda samples: None,
) -> Iterator[Event]:
    """Yield the events of all pieces until the end. `record` gets every piece before its decoding.

    `END_PHRASE` ends the phrase and `DISCARD_PHRASE` discards it. If the pieces come from an
    intake, the lag of an event is the length of its queue. If the source fails, the sound before
    that is still decoded.

    Raises:
        AudioError, OSError: the source or `record` failed; raised after the last event.
    """
    failure: Exception | None = None
    try:
        for samples, waiting in pieces:
            record(samples)
            for event in feed(session, samples, waiting):
                yield _with_lag(event, pieces)
    except (AudioError, OSError) as error:
        failure = error
    for event in session.finish():
        yield _with_lag(event, pieces)
    if failure is not None:
        raise failure


def feed(session: Session, samples: Samples, waiting: float) -> Iterator[Event]:
    """Yield the events of a piece, which may be `END_PHRASE` or `DISCARD_PHRASE`."""
    if samples is DISCARD_PHRASE:
        session.discard()
        return iter(())
    return session.feed(samples, waiting) if len(samples) else session.flush()


def _with_lag(event: Event, pieces: object) -> Event:
    return replace(event, lag=pieces.waiting) if isinstance(pieces, Intake) else event
