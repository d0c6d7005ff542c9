"""Recording from a fake sound card; everything else is real."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unispeech.cli import live_sources
from unispeech.errors import AudioError, BackendMissing
from unispeech.realtime import mic
from unispeech.realtime.intake import Intake

MICROPHONE = {"name": "USB Microphone", "max_input_channels": 2, "default_samplerate": 48_000.0}
SPEAKERS = {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0}
MONITOR = {"name": "Monitor of Speakers", "max_input_channels": 2, "default_samplerate": 44_100.0}


class FakePortAudioError(Exception):
    """A stand-in for the error of sounddevice."""


class FakePortAudio:
    """A stand-in for sounddevice that plays a second of a tone, and may be unplugged."""

    PortAudioError = FakePortAudioError
    default = SimpleNamespace(device=(0, 1))

    def __init__(
        self,
        busy: bool = False,
        unplugged: bool = False,
        overflow: bool = False,
        pulse: bool = False,
    ) -> None:
        self.busy, self.unplugged = busy, unplugged
        self.overflow, self.pulse = overflow, pulse
        self.opened: object = None

    def query_devices(self) -> list[dict[str, Any]]:
        if self.pulse:
            return [{**MICROPHONE, "name": "pulse"}]
        return [MICROPHONE, SPEAKERS, MONITOR]

    def check_input_settings(self, **settings: Any) -> None:
        raise FakePortAudioError("Invalid sample rate")

    @contextmanager
    def InputStream(
        self,
        device: int | str,
        samplerate: int,
        channels: int,
        callback: Callable[..., None],
        finished_callback: Callable[[], None],
        **settings: Any,
    ) -> Iterator[None]:
        self.opened = device
        if self.busy:
            raise FakePortAudioError("Device unavailable")

        def play() -> None:
            status = SimpleNamespace(input_overflow=self.overflow)
            tone = np.sin(2 * np.pi * 440 * np.arange(samplerate) / samplerate)
            stereo = np.repeat(tone.astype(np.float32)[:, None], channels, 1)
            for start in range(0, samplerate, 480):
                callback(stereo[start : start + 480], 480, None, status)
            if self.unplugged:
                finished_callback()

        thread = threading.Thread(target=play)
        thread.start()
        yield
        thread.join()
        if not self.unplugged:
            finished_callback()


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakePortAudio]:
    def install(**behaviour: bool) -> FakePortAudio:
        fake = FakePortAudio(**behaviour)
        monkeypatch.setattr(mic, "_sounddevice", lambda: fake)
        return fake

    return install


def test_devices_include_loopbacks(
    portaudio: Callable[..., FakePortAudio], capsys: pytest.CaptureFixture[str]
) -> None:
    portaudio()
    live_sources.show_devices()
    rows = capsys.readouterr().out.splitlines()
    assert any("default" in row and "USB Microphone" in row and "48000" in row for row in rows)
    assert any("loopback" in row and "Monitor of Speakers" in row for row in rows)
    assert not any(row.split()[-1:] == ["Speakers"] for row in rows)


PACTL_OUTPUT = """\
0\talsa_output.pci-0000_00_1f.3.analog-stereo.monitor\tmodule-alsa-card.c\ts16le 2ch 44100Hz\tIDLE
1\talsa_input.usb-0d8c.mono\tPipeWire\ts16le 1ch 48000Hz\tSUSPENDED
"""


def test_monitors_of_the_sound_server_can_be_recorded(
    portaudio: Callable[..., FakePortAudio], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = tmp_path / "pactl"
    command.write_text(f"#!/bin/sh\ncat <<'END'\n{PACTL_OUTPUT}END\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("PULSE_SOURCE", raising=False)
    assert not any(device.source for device in (portaudio(), mic.devices())[1])
    fake = portaudio(pulse=True)
    monitor = mic.choose("analog-stereo.monitor", mic.devices())
    assert monitor.loopback and (monitor.index, monitor.sample_rate) == (1, 44_100)
    assert mic.choose("2", mic.devices()).name == "alsa_input.usb-0d8c.mono"
    monkeypatch.setenv("PULSE_SOURCE", "")
    with mic.recording(monitor, Intake()):
        assert os.environ["PULSE_SOURCE"] == "alsa_output.pci-0000_00_1f.3.analog-stereo.monitor"
    assert fake.opened == "pulse"
    command.write_text("#!/bin/sh\nexit 1\n")
    assert len(mic.devices()) == 1


def test_a_device_is_resampled_to_16_khz(
    portaudio: Callable[..., FakePortAudio],
) -> None:
    portaudio()
    with live_sources.microphone("usb") as source:
        source.start()
        pieces = iter(source.pieces)
        recorded = [next(pieces)[0]]
        while sum(map(len, recorded)) < 15_900:
            recorded.append(next(pieces)[0])
        source.intake.close()
        recorded += [piece for piece, _ in pieces]
    samples = np.concatenate(recorded)
    assert abs(len(samples) - 16_000) < 100
    spectrum = np.abs(np.fft.rfft(samples[1000:15_000]))
    assert abs(int(spectrum.argmax()) * 16_000 / 14_000 - 440) < 2
    assert source.warnings() == []


def test_a_microphone_that_is_unplugged_ends_the_sound_with_an_error(
    portaudio: Callable[..., FakePortAudio],
) -> None:
    portaudio(unplugged=True)
    intake = Intake()
    with mic.recording(mic.devices()[0], intake):
        count = 0
        with pytest.raises(AudioError, match="USB Microphone"):
            for piece, _ in intake:
                count += len(piece)
    assert count > 15_000


def test_lost_sound_is_a_warning(
    portaudio: Callable[..., FakePortAudio],
) -> None:
    portaudio(overflow=True)
    with live_sources.microphone(None) as source:
        source.start()
        next(iter(source.pieces))
    assert "100 times some sound is missing" in source.warnings()[0]


def test_a_device_that_cannot_be_opened_is_named(portaudio: Callable[..., FakePortAudio]) -> None:
    portaudio(busy=True)
    with (
        pytest.raises(AudioError, match="USB Microphone"),
        mic.recording(mic.devices()[0], Intake()),
    ):
        pass


def test_a_missing_portaudio_is_refused_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("sounddevice")
    import builtins

    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(BackendMissing, match="apt install libportaudio2"):
        mic.devices()
