"""Sound sources of `unispeech mic`: a microphone, a recording or a pipe."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from unispeech.audio.recording import Recording
from unispeech.cli import tables
from unispeech.cli.notices import notify
from unispeech.cli.tables import Cell
from unispeech.errors import AudioError
from unispeech.realtime import mic, playback
from unispeech.realtime.intake import Intake, fill, without_lag
from unispeech.types import SAMPLE_RATE, Samples

READ_AHEAD = 10.0
"""Seconds of a pipe or a file that are read ahead."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class LiveSource:
    """A source of sound. It delivers nothing before `start`, since models take time to load."""

    title: str
    pieces: Iterable[tuple[Samples, float]]
    """Samples, each with the seconds of sound that wait behind them."""
    start: Callable[[], object]
    intake: Intake = field(default_factory=Intake)
    recording: Recording | None = None
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """False if some of the sound is known to be missing."""
        return self.recording is None or self.recording.complete

    def warnings(self) -> list[str]:
        """The defects of the sound so far, one line each."""
        lines = list(self.recording.warnings) if self.recording else []
        if self.intake.overflows:
            lines.append(
                f"{self.title}: the computer was too busy to record everything "
                f"({self.intake.overflows} times some sound is missing)"
            )
        return lines

    @contextmanager
    def until_interrupted(self) -> Iterator[None]:
        """End the sound at the first Ctrl-C or SIGTERM, and raise KeyboardInterrupt at the second.

        What came before the first is still transcribed. A signal that is ignored (in a background
        job of a shell) stays ignored.
        """

        def stop(number: int, frame: object) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True
            self.intake.close()

        handlers = {number: signal.getsignal(number) for number in SIGNALS}
        handlers = {n: handler for n, handler in handlers.items() if handler != signal.SIG_IGN}
        for number in handlers:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


@contextmanager
def open_source(
    pipe: str | None, path: str | None, device: str | None, sample_rate: int | None, fast: bool
) -> Iterator[LiveSource]:
    """Open the recording, else the pipe, else the microphone."""
    if path:
        yield file(path, fast)
    elif pipe:
        yield stdin(sample_rate, fast)
    else:
        with microphone(device) as source:
            yield source


@contextmanager
def microphone(name: str | None) -> Iterator[LiveSource]:
    """Open an input device by number or part of its name; None is the default one.

    Raises:
        AudioError: there is no such device. BackendMissing: sounddevice is not installed.
    """
    device = mic.choose(name, mic.devices())
    intake = Intake()
    with ExitStack() as recording:
        start = lambda: recording.enter_context(mic.recording(device, intake))  # noqa: E731
        yield LiveSource(device.name, intake, start, intake)


def file(path: str, fast: bool) -> LiveSource:
    """Play a recording in real time, or as fast as possible. Raises as `Recording.blocks` does."""
    if not _read_once(path):
        next(Recording(path).blocks())  # fail before a model is loaded
    recording = Recording(path)
    pieces = playback.play(recording)
    source = _played(Path(path).name, pieces if fast else playback.in_real_time(pieces), fast)
    source.recording = recording
    return source


def stdin(sample_rate: int | None, fast: bool) -> LiveSource:
    """Read raw PCM from stdin."""
    if sys.stdin is None or sys.stdin.isatty():
        raise AudioError(
            "nothing is piped in",
            "try: arecord -t raw -f S16_LE -r 16000 -c 1 | unispeech mic -",
        )
    rate = SAMPLE_RATE if sample_rate is None else sample_rate
    return _played("stdin", playback.raw(sys.stdin.buffer, rate), fast)


def _played(title: str, pieces: Iterator[Samples], fast: bool) -> LiveSource:
    if not fast:
        intake = Intake(READ_AHEAD)
        return LiveSource(title, intake, lambda: fill(intake, pieces), intake)
    source = LiveSource(title, (), lambda: None)
    source.pieces = takewhile(lambda piece: not source.stopped, without_lag(pieces))
    return source


def _read_once(path: str) -> bool:
    """Return True if reading consumes the file: a named pipe, `<(command)`, /dev/stdin."""
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()


def show_devices() -> None:
    """Print a table of the input devices."""
    devices = mic.devices()
    if not devices:
        notify("there is no microphone")
        return
    rows: list[list[Cell]] = [
        [
            [("default", "green") if device.default else ("loopback" * device.loopback, "dim")],
            str(device.index),
            device.name,
            str(device.channels),
            str(device.sample_rate),
        ]
        for device in devices
    ]
    tables.show(("", "number", "name", "channels", "Hz"), rows, right=("number", "Hz"))
