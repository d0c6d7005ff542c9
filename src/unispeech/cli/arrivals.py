"""Recordings that arrive in a watched folder: which are complete, and when to try again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from unispeech.audio.containers import MEDIA
from unispeech.cli.inputs import recordings

RETRIES = (60.0, 600.0)
"""Seconds before the second and the third attempt; there is no fourth until the file changes."""


@dataclass(slots=True)
class Arrival:
    """A recording that is not transcribed yet."""

    state: tuple[int, int]
    """Size in bytes and time of modification in nanoseconds."""
    due: float
    """Time from which the recording counts as complete, or may be tried again."""
    attempts: int = 0


class Arrivals:
    """Recordings of a folder that wait. Times are seconds of any clock that only rises.

    A recording is complete when it has not changed for `quiet` seconds.
    """

    def __init__(self, quiet: float) -> None:
        self._quiet = quiet
        self._waiting: dict[Path, Arrival] = {}

    def note(self, paths: Iterable[Path], now: float) -> None:
        """Wait for these recordings, or for those in these folders."""
        for path in paths:
            for found in recordings(path) if path.is_dir() else filter(_is_recording, [path]):
                state = _state(found)
                known = self._waiting.get(found)
                if state is not None and (known is None or known.state != state):
                    self._waiting[found] = Arrival(state, now + self._quiet)

    def complete(self, now: float) -> list[Path]:
        """The recordings to transcribe now, by name."""
        ready: list[Path] = []
        for path, arrival in sorted(self._waiting.items()):
            state = _state(path)
            if state is None:
                del self._waiting[path]
            elif state != arrival.state:
                self._waiting[path] = Arrival(state, now + self._quiet)
            elif now >= arrival.due and state[0] > 0:
                ready.append(path)
        return ready

    def has_more(self) -> bool:
        """True if a recording may be complete later, retries excepted."""
        return any(arrival.attempts == 0 for arrival in self._waiting.values())

    def has_failed(self) -> bool:
        return any(arrival.attempts > 0 for arrival in self._waiting.values())

    def finish(self, path: Path) -> None:
        self._waiting.pop(path, None)

    def fail(self, path: Path, now: float) -> float | None:
        """Schedule another attempt. Return the seconds until then, or None if it was the last."""
        arrival = self._waiting[path]
        wait = RETRIES[arrival.attempts] if arrival.attempts < len(RETRIES) else None
        arrival.attempts += 1
        arrival.due = now + wait if wait is not None else float("inf")
        return wait


def _is_recording(path: Path) -> bool:
    return path.suffix.lower() in MEDIA and not path.name.startswith(".")


def _state(path: Path) -> tuple[int, int] | None:
    """The state of a file; None if it is gone."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
