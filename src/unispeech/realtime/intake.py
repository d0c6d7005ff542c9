"""Sound on its way from whoever makes it to the one session that hears it.

Two ways to wait. Where the maker can (a file, a pipe, a socket), it does: `limit` seconds are held,
no more. Where it cannot (a microphone), nothing is dropped: what memory should not hold goes to a
temporary file.
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
"""Seconds of a microphone that are held in memory."""
ITEM = 4
"""Bytes of a float32 sample."""


class Intake:
    """A queue of samples between two threads. Iterating it waits, and ends after `close`."""

    def __init__(self, limit: float | None = None) -> None:
        self._limit = limit
        self._memory: deque[Samples] = deque()
        self._held = 0  # samples in memory
        self._file: IO[bytes] | None = None
        self._read = self._written = 0  # bytes of the file
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self.level = 0.0
        """Loudness of the newest samples: root mean square, 0 to 1."""
        self.overflows = 0
        """How often the maker says that it lost sound of its own."""

    @property
    def waiting(self) -> float:
        """Seconds that have arrived and were not yet taken."""
        return (self._held + (self._written - self._read) // ITEM) / SAMPLE_RATE

    def put(self, samples: Samples) -> None:
        """Add samples, shape (n,). Waits while there are too many, if there is a limit."""
        if not len(samples):
            return
        self.level = float(np.sqrt(np.mean(np.square(samples))))
        with self._changed:
            if self._limit is not None:
                full = self._limit * SAMPLE_RATE
                self._changed.wait_for(lambda: self._held < full or self._closed)
            if self._closed:
                return
            if self._file is not None or (
                self._limit is None and self._held > IN_MEMORY * SAMPLE_RATE
            ):
                self._spill(samples)
            else:
                self._memory.append(samples)
                self._held += len(samples)
            self._changed.notify_all()

    def mark(self) -> None:
        """Have the phrase ended here: the reader gets a piece without samples."""
        with self._changed:
            self._memory.append(np.zeros(0, np.float32))
            self._changed.notify_all()

    def close(self, error: BaseException | None = None) -> None:
        """No more will come; `error` is raised to the reader once everything before is taken."""
        with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
            self._changed.notify_all()

    def __iter__(self) -> Iterator[tuple[Samples, float]]:
        """Pieces of at most a tick, each with the seconds that wait behind it."""
        try:
            while (piece := self._take()) is not None:
                for start in range(0, max(len(piece), 1), TICK):
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
            self._held -= len(piece)
            self._changed.notify_all()
            return piece

    def _spill(self, samples: Samples) -> None:
        self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115  (closed by __iter__)
        self._file.seek(self._written)
        self._written += self._file.write(samples.tobytes())

    def _refill(self) -> None:
        """A second from the file; the file goes once it has been read."""
        assert self._file is not None
        self._file.seek(self._read)
        data = self._file.read(SAMPLE_RATE * ITEM)
        self._read += len(data)
        self._memory.append(np.frombuffer(data, np.float32))
        self._held += len(data) // ITEM
        if self._read == self._written:
            self._file.close()
            self._file, self._read, self._written = None, 0, 0


def fill(intake: Intake, pieces: Iterator[Samples]) -> threading.Thread:
    """Put everything an iterator gives into an intake, from a thread of its own."""

    def work() -> None:
        try:
            for piece in pieces:
                intake.put(piece)
            intake.close()
        except BaseException as error:
            intake.close(error)

    thread = threading.Thread(target=work, name="unispeech-intake", daemon=True)
    thread.start()
    return thread


def at_once(pieces: Iterable[Samples]) -> Iterator[tuple[Samples, float]]:
    """In place of an intake, where nobody speaks: nothing ever waits, so nothing is left out."""
    for piece in pieces:
        yield piece, 0.0


def listen(
    session: Session,
    sound: Iterable[tuple[Samples, float]],
    keep: Callable[[Samples], None] = lambda samples: None,
) -> Iterator[Event]:
    """The events of everything that comes in, until it ends. `keep` is given all that is heard.

    A piece without samples (`Intake.mark`) ends the phrase. The lag of an event is what has come in
    by the time it is said. Where the sound breaks off, what came before is heard to its end.

    Raises:
        AudioError, OSError: the sound or `keep` failed; after the last event.
    """
    broken: Exception | None = None
    try:
        for samples, waiting in sound:
            keep(samples)
            for event in session.feed(samples, waiting) if len(samples) else session.flush():
                yield _late(event, sound)
    except (AudioError, OSError) as error:
        broken = error
    for event in session.finish():
        yield _late(event, sound)
    if broken is not None:
        raise broken


def _late(event: Event, sound: object) -> Event:
    return replace(event, lag=sound.waiting) if isinstance(sound, Intake) else event
