"""Recording, with everything real but the sound card."""

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

from unispeech.cli import sound
from unispeech.errors import AudioError, BackendMissing
from unispeech.realtime import mic
from unispeech.realtime.intake import Intake

MICROPHONE = {"name": "USB Microphone", "max_input_channels": 2, "default_samplerate": 48_000.0}
SPEAKERS = {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48_000.0}
MONITOR = {"name": "Monitor of Speakers", "max_input_channels": 2, "default_samplerate": 44_100.0}


class FakePortAudioError(Exception):
    """Not the library's own."""


class FakePortAudio:
    """Not a sound card: it plays a second of a tone to whoever records, and may be unplugged."""

    PortAudioError = FakePortAudioError
    default = SimpleNamespace(device=(0, 1))

    def __init__(
        self,
        busy: bool = False,
        unplugged: bool = False,
        late: bool = False,
        served: bool = False,
    ) -> None:
        self.busy, self.unplugged, self.late, self.served = busy, unplugged, late, served
        self.opened: object = None

    def query_devices(self) -> list[dict[str, Any]]:
        if self.served:
            return [{**MICROPHONE, "name": "pulse"}]
        return [MICROPHONE, SPEAKERS, MONITOR]

    def check_input_settings(self, **asked: Any) -> None:
        raise FakePortAudioError("Invalid sample rate")

    @contextmanager
    def InputStream(
        self,
        device: int | str,
        samplerate: int,
        channels: int,
        callback: Callable[..., None],
        finished_callback: Callable[[], None],
        **asked: Any,
    ) -> Iterator[None]:
        self.opened = device
        if self.busy:
            raise FakePortAudioError("Device unavailable")

        def play() -> None:
            status = SimpleNamespace(input_overflow=self.late)
            tone = np.sin(2 * np.pi * 440 * np.arange(samplerate) / samplerate)
            both = np.repeat(tone.astype(np.float32)[:, None], channels, 1)
            for start in range(0, samplerate, 480):
                callback(both[start : start + 480], 480, None, status)
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
    def install(**how: bool) -> FakePortAudio:
        fake = FakePortAudio(**how)
        monkeypatch.setattr(mic, "_sounddevice", lambda: fake)
        return fake

    return install


def test_devices_are_listed_with_what_the_computer_plays(
    portaudio: Callable[..., FakePortAudio], capsys: pytest.CaptureFixture[str]
) -> None:
    portaudio()
    sound.show_devices()
    rows = capsys.readouterr().out.splitlines()
    assert any("default" in row and "USB Microphone" in row and "48000" in row for row in rows)
    assert any("loopback" in row and "Monitor of Speakers" in row for row in rows)
    assert not any(row.split()[-1:] == ["Speakers"] for row in rows)


LISTED = """\
0\talsa_output.pci-0000_00_1f.3.analog-stereo.monitor\tmodule-alsa-card.c\ts16le 2ch 44100Hz\tIDLE
1\talsa_input.usb-0d8c.mono\tPipeWire\ts16le 1ch 48000Hz\tSUSPENDED
"""


def test_what_the_sound_server_plays_can_be_recorded_though_alsa_shows_one_device(
    portaudio: Callable[..., FakePortAudio], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    command = tmp_path / "pactl"
    command.write_text(f"#!/bin/sh\ncat <<'END'\n{LISTED}END\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("PULSE_SOURCE", raising=False)
    assert not any(device.source for device in (portaudio(), mic.devices())[1])
    fake = portaudio(served=True)
    played = mic.choose("analog-stereo.monitor", mic.devices())
    assert played.loopback and (played.index, played.sample_rate) == (1, 44_100)
    assert mic.choose("2", mic.devices()).name == "alsa_input.usb-0d8c.mono"
    monkeypatch.setenv("PULSE_SOURCE", "")
    with mic.recording(played, Intake()):
        assert os.environ["PULSE_SOURCE"] == "alsa_output.pci-0000_00_1f.3.analog-stereo.monitor"
    assert fake.opened == "pulse"
    command.write_text("#!/bin/sh\nexit 1\n")
    assert len(mic.devices()) == 1


def test_a_device_is_recorded_in_the_rate_of_the_models(
    portaudio: Callable[..., FakePortAudio],
) -> None:
    portaudio()
    with sound.microphone("usb") as source:
        source.start()
        pieces = iter(source.sound)
        heard = [next(pieces)[0]]
        while sum(map(len, heard)) < 15_900:
            heard.append(next(pieces)[0])
        source.intake.close()
        heard += [piece for piece, _ in pieces]
    samples = np.concatenate(heard)
    assert abs(len(samples) - 16_000) < 100
    spectrum = np.abs(np.fft.rfft(samples[1000:15_000]))
    assert abs(int(spectrum.argmax()) * 16_000 / 14_000 - 440) < 2
    assert source.troubles() == []


def test_a_microphone_that_is_unplugged_ends_the_sound_with_an_error(
    portaudio: Callable[..., FakePortAudio],
) -> None:
    portaudio(unplugged=True)
    intake = Intake()
    with mic.recording(mic.devices()[0], intake):
        heard = 0
        with pytest.raises(AudioError, match="USB Microphone: it has stopped"):
            for piece, _ in intake:
                heard += len(piece)
    assert heard > 15_000


def test_sound_that_the_computer_was_too_busy_for_is_told(
    portaudio: Callable[..., FakePortAudio],
) -> None:
    portaudio(late=True)
    with sound.microphone(None) as source:
        source.start()
        next(iter(source.sound))
    assert "100 times some sound is missing" in source.troubles()[0]


def test_a_device_that_cannot_be_opened_is_named(portaudio: Callable[..., FakePortAudio]) -> None:
    portaudio(busy=True)
    with (
        pytest.raises(AudioError, match="USB Microphone: cannot be recorded from"),
        mic.recording(mic.devices()[0], Intake()),
    ):
        pass


def test_without_portaudio_the_command_to_install_it_is_told(
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
