"""What a header states of the length, what is only an estimate, and whether the file is whole."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from support.recordings import Floats, Sound, recorded, write
from unispeech.audio.recording import Recording

RATE = 16_000
NOISE: Floats = np.random.default_rng(7).uniform(-0.3, 0.3, 4 * RATE).astype(np.float32)
"""Four seconds that no encoder can make small."""


def wav(path: Path, size: int, seconds: float = 4.0, after: bytes = b"") -> Path:
    """A WAV file whose data chunk claims `size` bytes."""
    sound = (NOISE[: round(seconds * RATE)] * 32767).astype("<i2").tobytes()
    head = b"RIFF" + struct.pack("<I", 0x7FFFF024) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16
    )  # fmt: skip
    path.write_bytes(head + b"data" + struct.pack("<I", size) + sound + after)
    return path


def read(path: Path) -> tuple[Recording, float]:
    recording = Recording(path)
    return recording, len(recording.read()) / RATE


@pytest.mark.parametrize(
    "size", [0, 0x7F000000, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF - 36]
)
def test_a_placeholder_of_a_pipe_is_no_promise(tmp_path: Path, size: int) -> None:
    recording, seconds = read(wav(tmp_path / "pipe.wav", size))
    assert seconds == 4.0
    assert recording.complete and recording.warnings == []


def test_an_aiff_from_a_pipe_is_no_promise(tmp_path: Path) -> None:
    path = write(tmp_path / "pipe.aiff", NOISE[None], RATE, "pcm_s16be")
    data = bytearray(path.read_bytes())
    frames = data.index(b"COMM") + 10
    data[frames : frames + 4] = struct.pack(">I", 0x7F000000 // 2)
    size = data.index(b"SSND") + 4
    data[size : size + 4] = struct.pack(">I", 0x7F000000)
    path.write_bytes(data)
    recording, seconds = read(path)
    assert seconds == 4.0
    assert recording.complete and recording.warnings == []


@pytest.mark.parametrize("size", [4096, 40_000])
def test_a_stale_size_does_not_cut_the_sound(tmp_path: Path, size: int) -> None:
    recording, seconds = read(wav(tmp_path / "stale.wav", size))
    assert seconds == 4.0
    assert recording.complete and len(recording.warnings) == 1


@pytest.mark.parametrize("after", [b"LIST\4\0\0\0INFO", bytes(512)])
def test_chunks_and_padding_after_the_sound_are_no_sound(tmp_path: Path, after: bytes) -> None:
    recording, seconds = read(wav(tmp_path / "list.wav", 8 * RATE, after=after))
    assert seconds == 4.0
    assert recording.complete and recording.warnings == []


def test_an_rf64_file_states_its_length_in_its_own_chunk(tmp_path: Path) -> None:
    sound = (NOISE * 32767).astype("<i2").tobytes()
    head = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, 80 + len(sound), 0, 0, 0)
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    for promised, complete in ((len(sound), True), (2 * len(sound), False)):
        stated = head.replace(struct.pack("<QQ", 80 + len(sound), 0),
                              struct.pack("<QQ", 80 + promised, promised))  # fmt: skip
        path = tmp_path / f"{promised}.wav"
        path.write_bytes(stated + fmt + b"data\xff\xff\xff\xff" + sound)
        recording, seconds = read(path)
        assert seconds == 4.0
        assert recording.complete is complete


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm", ".ts", ".flv", ".avi", ".wmv"])
def test_a_film_longer_than_its_sound_is_whole(tmp_path: Path, suffix: str) -> None:
    recording, seconds = read(recorded(tmp_path / f"f{suffix}", Sound(((0, NOISE),)), film=7))
    assert seconds == pytest.approx(4.0, abs=0.15)
    assert recording.complete and recording.warnings == []


@pytest.mark.parametrize(("name", "codec"), [("v.mp3", "libmp3lame"), ("v.aac", "aac")])
def test_a_length_from_the_bit_rate_is_an_estimate(tmp_path: Path, name: str, codec: str) -> None:
    """A loud beginning and a silent rest: the rate of the first frames is wrong for the whole."""
    sound = np.concatenate([np.zeros(60 * RATE, np.float32), NOISE])[None]
    path = write(tmp_path / name, sound, RATE, codec)
    data = path.read_bytes()
    for mark in (b"Xing", b"Info"):
        data = data.replace(mark, b"\0\0\0\0")
    path.write_bytes(data)
    recording, seconds = read(path)
    assert seconds == pytest.approx(64.0, abs=0.2)
    assert recording.complete and recording.warnings == []


@pytest.mark.parametrize(
    ("suffix", "flags"),
    [(".mkv", ""), (".mka", ""), (".webm", ""), (".m4a", "faststart"), (".mp4", "faststart"),
     (".mov", "faststart"), (".mp4", "frag_keyframe+empty_moov")],
)  # fmt: skip
def test_a_file_that_breaks_off_is_incomplete(tmp_path: Path, suffix: str, flags: str) -> None:
    film = 4.0 if suffix not in (".mka", ".m4a") else 0.0
    path = recorded(tmp_path / f"whole{suffix}", Sound(((0, NOISE),)), film=film, flags=flags)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    recording, seconds = read(path)
    assert 1.0 < seconds < 3.5
    assert not recording.complete and len(recording.warnings) >= 1


def test_a_live_webm_that_breaks_off_is_incomplete(tmp_path: Path) -> None:
    import av

    path = tmp_path / "live.webm"
    whole = recorded(tmp_path / "whole.webm", Sound(((0, NOISE),)))
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"live": "1"}) as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    recording, seconds = read(path)
    assert recording.complete and seconds == pytest.approx(4.0, abs=0.15)
    path.write_bytes(path.read_bytes()[:-150])
    recording, seconds = read(path)
    assert not recording.complete
    assert 3.0 < seconds < 4.0
