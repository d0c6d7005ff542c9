"""Microphones, through PortAudio (python-sounddevice). Only this file knows the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from unispeech.audio.resampling import Resampler
from unispeech.errors import AudioError, BackendMissing
from unispeech.realtime import pulse
from unispeech.realtime.intake import Intake
from unispeech.realtime.ticks import TICK_SECONDS
from unispeech.types import SAMPLE_RATE, Floats

LOOPBACK = ("monitor", "loopback", "stereo mix", "blackhole", "what u hear")
"""In the names of devices that give what the computer plays: PulseAudio and PipeWire, WASAPI,
Windows, macOS."""


@dataclass(frozen=True, slots=True)
class Device:
    """Something to record from."""

    index: int
    name: str
    channels: int
    sample_rate: int
    default: bool
    source: str = ""
    """The sound server's name for it, where PortAudio has none of its own."""

    @property
    def opened(self) -> int | str:
        """What PortAudio is to open."""
        return pulse.DEVICE if self.source else self.index

    @property
    def loopback(self) -> bool:
        """Whether it gives what the computer plays."""
        return any(word in self.name.lower() for word in LOOPBACK)


def devices() -> list[Device]:
    """What can be recorded from.

    Raises:
        BackendMissing: sounddevice or PortAudio is not installed.
    """
    sounddevice = _sounddevice()
    standard = sounddevice.default.device[0]
    everything = sounddevice.query_devices()
    known = [
        Device(
            index=i,
            name=device["name"],
            channels=device["max_input_channels"],
            sample_rate=int(device["default_samplerate"]),
            default=i == standard,
        )
        for i, device in enumerate(everything)
        if device["max_input_channels"] > 0
    ]
    served = pulse.sources() if any(device.name == pulse.DEVICE for device in known) else []
    return known + [
        Device(i, source.name, source.channels, source.sample_rate, False, source.name)
        for i, source in enumerate(served, len(everything))
    ]


def choose(wanted: str | None, known: list[Device]) -> Device:
    """The device of a number or a part of a name; without one, the system's default.

    Raises:
        AudioError: there is none, or several have that name.
    """
    if not known:
        raise AudioError(
            "there is no microphone",
            "plug one in",
            code="no_microphone",
        )
    if wanted is None:
        return next((device for device in known if device.default), known[0])
    if wanted.isdigit():
        found = [device for device in known if device.index == int(wanted)]
    else:
        found = [device for device in known if wanted.lower() in device.name.lower()]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{device.index} ({device.name})" for device in found or known)
    what = "several devices are called" if found else "there is no input device"
    raise AudioError(f"{what} {wanted!r}", f"give one of {names}")


@contextmanager
def recording(device: Device, intake: Intake) -> Iterator[None]:
    """Record into an intake for as long as the block runs. Where the device goes away before (it
    was unplugged), the intake ends with an `AudioError`.

    Raises:
        AudioError: the device cannot be opened.
    """
    sounddevice = _sounddevice()
    if device.source:
        pulse.record_from(device.source)
    rate = _rate(sounddevice, device)
    resampler = Resampler(rate)

    def heard(data: Floats, frames: int, time: object, status: Any) -> None:
        intake.overflows += status.input_overflow
        intake.put(resampler.push(data.mean(axis=1)))

    def ended() -> None:  # by itself, unless the intake is closed already
        intake.close(AudioError(f"{device.name}: it has stopped", "is it still plugged in?"))

    try:
        with sounddevice.InputStream(
            device=device.opened,
            channels=min(device.channels, 2),
            samplerate=rate,
            blocksize=round(rate * TICK_SECONDS / 4),
            dtype="float32",
            callback=heard,
            finished_callback=ended,
        ):
            yield
    except sounddevice.PortAudioError as error:
        raise AudioError(
            f"{device.name}: cannot be recorded from ({error.args[0]})",
            "another program may hold it",
            code="microphone_busy",
        ) from error


def _rate(sounddevice: Any, device: Device) -> int:
    """16 kHz where the device has it, else its own."""
    try:
        sounddevice.check_input_settings(
            device=device.opened, channels=1, samplerate=SAMPLE_RATE, dtype="float32"
        )
    except (sounddevice.PortAudioError, ValueError):
        return device.sample_rate
    return SAMPLE_RATE


def _sounddevice() -> Any:
    if find_spec("sounddevice") is None:
        raise BackendMissing(
            "recording needs the package sounddevice", "run: pip install 'unispeech[mic]'"
        )
    try:
        import sounddevice
    except OSError as error:
        raise BackendMissing(
            "the PortAudio library is not installed",
            "run: apt install libportaudio2 (Debian, Ubuntu), dnf install portaudio (Fedora) or "
            "brew install portaudio (macOS)",
        ) from error
    return sounddevice
