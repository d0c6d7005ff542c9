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
"""Parts of the names of devices that record the computer's output: PulseAudio and PipeWire, WASAPI,
Windows, macOS."""


@dataclass(frozen=True, slots=True)
class Device:
    """An input device."""

    index: int
    name: str
    channels: int
    sample_rate: int
    default: bool
    source: str = ""
    """The name that the sound server has for it, if PortAudio has none."""

    @property
    def portaudio_device(self) -> int | str:
        """The device that PortAudio opens: an index or a name."""
        return pulse.DEVICE if self.source else self.index

    @property
    def loopback(self) -> bool:
        """True if it records the computer's output."""
        return any(word in self.name.lower() for word in LOOPBACK)


def devices() -> list[Device]:
    """List the input devices.

    Raises:
        BackendMissing: sounddevice or PortAudio is not installed.
    """
    sounddevice = _sounddevice()
    default = sounddevice.default.device[0]
    all_devices = sounddevice.query_devices()
    inputs = [
        Device(
            index=i,
            name=device["name"],
            channels=device["max_input_channels"],
            sample_rate=int(device["default_samplerate"]),
            default=i == default,
        )
        for i, device in enumerate(all_devices)
        if device["max_input_channels"] > 0
    ]
    sources = pulse.sources() if any(device.name == pulse.DEVICE for device in inputs) else []
    return inputs + [
        Device(i, source.name, source.channels, source.sample_rate, False, source.name)
        for i, source in enumerate(sources, len(all_devices))
    ]


def choose(name: str | None, devices: list[Device]) -> Device:
    """Return the device with this number or part of a name; for None, the system's default.

    Raises:
        AudioError: no device matches, or several do.
    """
    if not devices:
        raise AudioError("there is no microphone", "plug one in", code="no_microphone")
    if name is None:
        return next((device for device in devices if device.default), devices[0])
    if name.isdigit():
        matches = [device for device in devices if device.index == int(name)]
    else:
        matches = [device for device in devices if name.lower() in device.name.lower()]
    if len(matches) == 1:
        return matches[0]
    names = ", ".join(f"{device.index} ({device.name})" for device in matches or devices)
    problem = "several input devices match" if matches else "there is no input device"
    raise AudioError(f"{problem} {name!r}", f"give one of {names}")


@contextmanager
def recording(device: Device, intake: Intake) -> Iterator[None]:
    """Record into an intake while the block runs. If the device disappears (it was unplugged), the
    intake ends with an `AudioError`.

    Raises:
        AudioError: the device cannot be opened.
    """
    sounddevice = _sounddevice()
    if device.source:
        pulse.record_from(device.source)
    rate = _sample_rate(sounddevice, device)
    resampler = Resampler(rate)

    def on_samples(data: Floats, frames: int, time: object, status: Any) -> None:
        intake.overflows += status.input_overflow
        intake.put(resampler.push(data.mean(axis=1)))

    def on_end() -> None:  # has no effect if the intake is closed
        intake.close(
            AudioError(f"{device.name}: the device has stopped", "check that it is plugged in")
        )

    try:
        with sounddevice.InputStream(
            device=device.portaudio_device,
            channels=min(device.channels, 2),
            samplerate=rate,
            blocksize=round(rate * TICK_SECONDS / 4),
            dtype="float32",
            callback=on_samples,
            finished_callback=on_end,
        ):
            yield
    except sounddevice.PortAudioError as error:
        raise AudioError(
            f"{device.name}: cannot record ({error.args[0]})",
            "another program may be using it",
            code="microphone_busy",
        ) from error


def _sample_rate(sounddevice: Any, device: Device) -> int:
    """16 kHz if the device supports it, else the device's default rate."""
    try:
        sounddevice.check_input_settings(
            device=device.portaudio_device, channels=1, samplerate=SAMPLE_RATE, dtype="float32"
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
