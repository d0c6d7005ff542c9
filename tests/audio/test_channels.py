"""Any number of channels, real or claimed: PyAV reads past the planes of more than eight."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from support.recordings import Floats, write
from unispeech.audio.recording import Recording, load
from unispeech.errors import AudioError

RATE = 16_000
TONE: Floats = (0.3 * np.sin(np.arange(RATE) * 0.2)).astype(np.float32)


def lengths(paths: list[Path]) -> list[int]:
    """The samples read of each file, in a process of its own: a crash there is one failed test."""
    script = (
        "import sys\nfrom unispeech.audio.recording import load\n"
        "for path in sys.argv[1:]:\n    print(len(load(path)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, *map(str, paths)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-1000:]
    return [int(line) for line in run.stdout.split()]


def test_every_number_of_channels_of_every_container(tmp_path: Path) -> None:
    paths = [
        write(tmp_path / f"{n}.{suffix}", np.tile(TONE, (n, 1)), RATE, codec, f"{n}C")
        for suffix, codec, most in (
            ("wav", "pcm_s16le", 64), ("wav", "pcm_f32le", 64), ("mka", "pcm_s16le", 64),
            ("aiff", "pcm_s16be", 64), ("caf", "pcm_s16le", 64),
        )
        for n in range(1, most + 1)
    ]  # fmt: skip
    assert set(lengths(paths)) == {RATE}


@pytest.mark.parametrize(("suffix", "codec"), [("m4a", "aac"), ("flac", "flac"), ("mka", "aac")])
def test_the_layouts_of_codecs(tmp_path: Path, suffix: str, codec: str) -> None:
    layouts = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1", "7.1")
    paths = [
        write(tmp_path / f"{n}.{suffix}", np.tile(TONE, (n, 1)), RATE, codec, layout)
        for n, layout in enumerate(layouts, 1)
        if not (codec == "aac" and layout == "6.1")
    ]
    for read in lengths(paths):
        assert read == pytest.approx(RATE, abs=2100)


def test_opus_of_many_channels(tmp_path: Path) -> None:
    paths = []
    for n in (1, 2, 6, 8, 9, 16, 33):
        path = tmp_path / f"{n}.mka"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libopus", rate=48_000, layout=f"{n}C")
            assert isinstance(stream, av.AudioStream)
            stream.codec_context.options = {"mapping_family": "255"}
            samples = (np.repeat(np.repeat(TONE, 3), n) * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, "s16", f"{n}C")
            frame.sample_rate = 48_000
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        paths.append(path)
    for read in lengths(paths):
        assert read == pytest.approx(RATE, abs=500)


@pytest.mark.parametrize("claimed", [*range(1, 65), 255, 1000, 65535])
def test_a_header_that_claims_a_false_number(tmp_path: Path, claimed: int) -> None:
    path = write(tmp_path / "two.wav", np.tile(TONE, (2, 1)), RATE, "pcm_s16le", "stereo")
    data = bytearray(path.read_bytes())
    at = data.index(b"fmt ") + 10
    data[at : at + 2] = struct.pack("<H", claimed)
    path.write_bytes(data)
    try:
        samples = load(path)
    except AudioError:
        return
    assert len(samples) > 0 and np.isfinite(samples).all()


def test_many_channels_are_averaged(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", np.tile(TONE, (12, 1)), RATE, "pcm_s16le", "12C")
    samples = Recording(path).read()
    assert np.abs(samples - TONE).max() < 0.001


@pytest.mark.parametrize("channels", [2, 9, 24])
def test_samples_that_are_no_numbers_in_any_channel(tmp_path: Path, channels: int) -> None:
    tones = np.tile(TONE, (channels, 1))
    tones[channels - 1, 100:200] = np.nan
    path = write(tmp_path / "x.wav", tones, RATE, "pcm_f32le", f"{channels}C")
    recording = Recording(path)
    assert np.isfinite(recording.read()).all()
    assert len(recording.warnings) == 1
