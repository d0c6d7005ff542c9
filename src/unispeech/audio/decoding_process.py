"""Decoding of files in child processes, so that a crash of a decoder costs one file.

FFmpeg's decoders are C code that reads whatever a file claims. For programs that work through
files of strangers (the command line); the service has a pool with limits of its own.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from unispeech.audio.downmix import Piece
from unispeech.audio.recording import BLOCK, Recording, regroup
from unispeech.audio.tracks import Track
from unispeech.errors import AudioError

_STATE = ("duration", "complete", "warnings", "holes", "container", "tracks", "track", "header")
"""Fields of a `Recording` that decoding sets."""


@contextmanager
def decoding_in_children(files: int) -> Iterator[None]:
    """Decode files named by path in child processes while the block runs, in the whole program.

    A single file is decoded in this process: a crash costs that file anyway, and a child takes
    0.3 s of processor time to start.
    """
    if files < 2:
        yield
        return
    children = _Children()
    Recording.reader = children.read
    try:
        yield
    finally:
        Recording.reader = None
        children.close()


class _Children:
    """Child processes: one for each file that is being read, and those that wait for the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        with contextlib.suppress(OSError):
            self._idle.append(_Child())  # starts while a model is loaded

    def read(self, recording: Recording, path: Path) -> Iterator[Piece]:
        """Yield the pieces of a file, and set the fields of `recording`.

        Raises:
            AudioError: the file cannot be read, or the decoder crashed.
        """
        try:
            child = self._take()
        except OSError:  # no process can be started: better without protection than not at all
            yield from recording.decode_here(path)
            return
        is_free = False
        try:
            try:
                pieces = child.pieces(recording, path)
                yield from pieces
            except (EOFError, ConnectionError) as error:
                raise AudioError(
                    f"{recording.name}: the decoder crashed", "convert it to WAV or FLAC first",
                    code="decoder_crashed",
                ) from error  # fmt: skip
            except AudioError:
                is_free = True
                raise
            is_free = True
        finally:
            self._give_back(child, is_free)

    def close(self) -> None:
        """End all children, also those of readers that are never closed: abandoned threads."""
        with self._lock:
            children = [*self._idle, *self._busy]
        for child in children:
            child.end()

    def _take(self) -> _Child:
        with self._lock:
            child = self._idle.pop() if self._idle else _Child()
            self._busy.add(child)
            return child

    def _give_back(self, child: _Child, is_free: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            if is_free:
                self._idle.append(child)
        if not is_free:
            child.end()


class _Child:
    """A process that decodes one file after the other."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def pieces(self, recording: Recording, path: Path) -> Iterator[Piece]:
        pick = recording.pick_track
        self._connection.send((path, recording.name, recording.wanted_track, pick is not None))
        while True:
            kind, state, value = self._connection.recv()
            for name, field in state.items():
                setattr(recording, name, field)
            if kind == "pick" and pick is not None:
                self._connection.send(pick(value))
            elif kind == "piece":
                yield value
            elif kind == "error":
                raise value
            else:
                return

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


def _serve(connection: Connection[Any, Any]) -> None:
    """Run in the child: decode the files that the parent names, until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            _decode(connection, *connection.recv())


def _decode(
    connection: Connection[Any, Any], path: Path, name: str, track: str | None, picks: bool
) -> None:
    def pick(tracks: Any) -> Track | None:
        connection.send(("pick", {}, tracks))
        chosen: Track | None = connection.recv()
        return chosen

    recording = Recording(path, name=name, track=track, pick_track=pick if picks else None)
    try:
        for piece in regroup(recording.decode_here(path), BLOCK):
            connection.send(("piece", _state(recording), piece))
    except AudioError as error:
        connection.send(("error", _state(recording), error))
    else:
        connection.send(("end", _state(recording), None))


def _state(recording: Recording) -> dict[str, Any]:
    return {name: getattr(recording, name) for name in _STATE}
