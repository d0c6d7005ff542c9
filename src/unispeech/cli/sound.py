"""Where the sound of `unispeech mic` comes from, and how it ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from unispeech.audio.recording import Recording
from unispeech.cli import say, tables
from unispeech.cli.tables import Cell
from unispeech.errors import AudioError
from unispeech.realtime import mic as microphones
from unispeech.realtime import playback
from unispeech.realtime.intake import Intake, at_once, fill
from unispeech.types import SAMPLE_RATE, Samples

AHEAD = 10.0
"""Seconds of a pipe or a file that are read ahead."""
STOPS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Source:
    """Sound to come. Nothing is recorded before `start`: models take time to load."""

    title: str
    sound: Iterable[tuple[Samples, float]]
    start: Callable[[], object]
    intake: Intake = field(default_factory=Intake)
    recording: Recording | None = None
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing of it is known to be missing."""
        return self.recording is None or self.recording.complete

    def troubles(self) -> list[str]:
        """What was wrong with it, a line each."""
        lines = list(self.recording.warnings) if self.recording else []
        if self.intake.overflows:
            lines.append(
                f"{self.title}: the computer was too busy to record everything "
                f"({self.intake.overflows} times some sound is missing)"
            )
        return lines

    @contextmanager
    def until_interrupted(self) -> Iterator[None]:
        """The first Ctrl-C (or SIGTERM) ends the sound, and what came before it is still written
        down; the second one ends everything. Where one is ignored (a job in the background), it
        stays so."""

        def stop(number: int, frame: object) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True
            self.intake.close()

        usual = {one: signal.getsignal(one) for one in STOPS}
        usual = {one: usually for one, usually in usual.items() if usually != signal.SIG_IGN}
        for one in usual:
            signal.signal(one, stop)
        try:
            yield
        finally:
            for one, usually in usual.items():
                signal.signal(one, usually)


@contextmanager
def opened(
    pipe: str | None, path: str | None, device: str | None, sample_rate: int | None, fast: bool
) -> Iterator[Source]:
    """A recording, else a pipe, else a microphone."""
    if path:
        yield file(path, fast)
    elif pipe:
        yield piped(sample_rate, fast)
    else:
        with microphone(device) as source:
            yield source


@contextmanager
def microphone(wanted: str | None) -> Iterator[Source]:
    """A device; `AudioError` without one, `BackendMissing` without what recording needs."""
    device = microphones.choose(wanted, microphones.devices())
    intake = Intake()
    with ExitStack() as recording:
        start = lambda: recording.enter_context(microphones.recording(device, intake))  # noqa: E731
        yield Source(device.name, intake, start, intake)


def file(path: str, fast: bool) -> Source:
    """A recording, at its own speed or at once. Raises as `Recording.blocks` does."""
    if not _once(path):
        next(Recording(path).blocks())  # to fail before a model is loaded, not after
    recording = Recording(path)
    pieces = playback.play(recording)
    source = _played(Path(path).name, pieces if fast else playback.at_speed(pieces), fast)
    source.recording = recording
    return source


def piped(sample_rate: int | None, fast: bool) -> Source:
    """Raw PCM on stdin."""
    if sys.stdin is None or sys.stdin.isatty():
        raise AudioError(
            "nothing is piped in",
            "try: arecord -t raw -f S16_LE -r 16000 -c 1 | unispeech mic -",
        )
    rate = SAMPLE_RATE if sample_rate is None else sample_rate
    return _played("stdin", playback.raw(sys.stdin.buffer, rate), fast)


def _played(title: str, pieces: Iterator[Samples], fast: bool) -> Source:
    if not fast:
        intake = Intake(AHEAD)
        return Source(title, intake, lambda: fill(intake, pieces), intake)
    source = Source(title, (), lambda: None)
    source.sound = takewhile(lambda piece: not source.stopped, at_once(pieces))
    return source


def _once(path: str) -> bool:
    """Whether what is read of it is gone: a named pipe, `<(command)`, /dev/stdin."""
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def show_devices() -> None:
    """A table of what can be recorded from."""
    known = microphones.devices()
    if not known:
        say("there is no microphone")
        return
    rows: list[list[Cell]] = [
        [
            [("default", "green") if device.default else ("loopback" * device.loopback, "dim")],
            str(device.index),
            device.name,
            str(device.channels),
            str(device.sample_rate),
        ]
        for device in known
    ]
    tables.show(("", "number", "name", "channels", "Hz"), rows, right=("number", "Hz"))
