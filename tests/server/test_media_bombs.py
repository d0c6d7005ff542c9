"""Files whose sound is short and whose rest is huge: only the sound is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from support import matroska
from unispeech.audio.containers import MAX_HEADER
from unispeech.errors import AudioError
from unispeech.server.speech.decoders import DecodeRange, Decoders

MIB = 1 << 20
LIMIT = 512 * MIB
"""Address space of a decoding process here."""
MEMORY = 250 * MIB
"""Memory that decoding may use. One frame of the video would have 142 MB, one attachment more."""


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    pool = Decoders(1, LIMIT, timeout=300)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def roomy() -> Iterator[Decoders]:
    pool = Decoders(1, 2048 * MIB, timeout=300)
    yield pool
    pool.close()


def peak(decoders: Decoders) -> int:
    """Largest memory of the decoding process so far, in bytes."""
    (pid,) = decoders.processes()
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def test_thousands_of_subtitle_tracks_are_ignored(decoders: Decoders, tmp_path: Path) -> None:
    matroska.write(tmp_path / "a.mkv", subtitles=5000)
    decoded = decoders.decode(tmp_path / "a.mkv", tmp_path / "a.wav", "a.mkv", DecodeRange())
    assert decoded.duration == pytest.approx(2.0) and peak(decoders) < MEMORY


def test_no_frame_of_a_huge_video_is_decoded(decoders: Decoders, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as file:
        film = file.add_stream("ffv1", rate=1)
        film.width, film.height, film.pix_fmt = 16_384, 8640, "gray"
        tone = file.add_stream("pcm_s16le", rate=matroska.RATE)
        frame = av.VideoFrame.from_ndarray(np.zeros((8640, 16_384), np.uint8), format="gray")
        for number in range(3):
            frame.pts = number
            file.mux(film.encode(frame))
        samples = np.full((1, 2 * matroska.RATE), 1000, np.int16)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = matroska.RATE
        for packet in (*tone.encode(sound), *tone.encode(), *film.encode()):
            file.mux(packet)
    decoded = decoders.decode(tmp_path / "a.mkv", tmp_path / "a.wav", "a.mkv", DecodeRange())
    assert decoded.duration == pytest.approx(2.0) and peak(decoders) < MEMORY


@pytest.mark.parametrize("number", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_huge_attachments_cost_at_most_the_limit(
    roomy: Decoders, tmp_path: Path, number: int
) -> None:
    """FFmpeg reads attachments into memory, 150 MiB each, but no more than `MAX_HEADER` of them."""
    matroska.write(tmp_path / "a.mkv", attachments=[150 * MIB] * number)
    with pytest.raises(AudioError, match="a.mkv: .*attachments are too large"):
        roomy.decode(tmp_path / "a.mkv", tmp_path / "a.wav", "a.mkv", DecodeRange())
    # The attachment that exceeds the limit has its memory, and FFmpeg copies what it has read.
    assert peak(roomy) < MEMORY + 2 * MAX_HEADER
    matroska.write(tmp_path / "b.mkv", attachments=[10 * MIB] * 3)
    decoded = roomy.decode(tmp_path / "b.mkv", tmp_path / "b.wav", "b.mkv", DecodeRange())
    assert decoded.duration == pytest.approx(2.0)


def test_huge_cover_pictures_are_refused(roomy: Decoders, tmp_path: Path) -> None:
    """FLAC files may have any number of pictures of 16 MiB, which FFmpeg reads into memory."""
    path, size = tmp_path / "a.flac", 15 * MIB
    soundfile.write(path, np.zeros(matroska.RATE, np.int16), matroska.RATE)
    original = path.read_bytes()
    start = original[:4] + b"\x00" + original[5:42]  # the first block, now not the last
    about = struct.pack(">II9sIIIIII", 3, 9, b"image/png", 0, 1, 1, 24, 0, size)
    with path.open("wb") as file:
        file.write(start)
        for number in range(20):
            kind = 6 | (0x80 if number == 19 else 0)
            file.write(bytes([kind]) + (len(about) + size).to_bytes(3, "big") + about)
            file.seek(size, 1)
        file.write(original[-1000:])
    with pytest.raises(AudioError, match="a.flac: .*pictures and attachments are too large"):
        roomy.decode(path, tmp_path / "a.wav", "a.flac", DecodeRange())
    assert peak(roomy) < MEMORY + 2 * MAX_HEADER
