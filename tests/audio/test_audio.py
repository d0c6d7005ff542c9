"""Reading of recordings: common formats, and damaged or unsuitable files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from support.errors import raises
from support.recordings import silent_video, truncated_wav, upsampled, write
from support.samples import SAMPLES, reference, words
from unispeech.audio import files
from unispeech.audio.recording import Recording, load
from unispeech.engine.engine import Engine
from unispeech.errors import AudioError, AudioNotFound
from unispeech.types import SAMPLE_RATE

SPEECH = load(SAMPLES / "english.wav")


def _read(path: Path) -> tuple[Recording, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    recording = Recording(path)
    return recording, recording.read()


@pytest.mark.parametrize(
    ("name", "codec", "times", "layout", "channels"),
    [
        ("8bit.wav", "pcm_u8", 1, "mono", 1),
        ("float.wav", "pcm_f32le", 1, "mono", 1),
        ("96khz.wav", "pcm_s16le", 6, "mono", 1),
        ("six.wav", "pcm_s16le", 3, "5.1", 6),
        ("stereo.flac", "flac", 3, "stereo", 2),
        ("stereo.m4a", "aac", 3, "stereo", 2),
        ("mono.mp3", "libmp3lame", 3, "mono", 1),
        ("video.mkv", "aac", 3, "stereo", 2),
    ],
)
def test_every_format_gives_the_same_sound(
    engine: Callable[..., Engine],
    tmp_path: Path,
    name: str,
    codec: str,
    times: int,
    layout: str,
    channels: int,
) -> None:
    samples = np.stack([upsampled(SPEECH, times)] * channels)
    path = write(tmp_path / name, samples, SAMPLE_RATE * times, codec, layout)
    recording, read = _read(path)
    assert recording.warnings == [] and recording.complete
    assert abs(len(read) / SAMPLE_RATE - len(SPEECH) / SAMPLE_RATE) < 0.15
    assert words(engine().transcribe(path).text) == words(reference("english"))


def test_samples_equal_those_of_faster_whisper() -> None:
    from faster_whisper.audio import decode_audio

    for sample in ("english", "pause"):
        path = SAMPLES / f"{sample}.wav"
        assert np.array_equal(load(path), decode_audio(str(path)))


def test_blocks_join_to_the_whole(tmp_path: Path) -> None:
    recording = Recording(SAMPLES / "pause.wav")
    blocks = list(recording.blocks())
    assert len(blocks) > 1
    assert np.array_equal(np.concatenate(blocks), load(SAMPLES / "pause.wav"))


def test_a_truncated_file_is_read_to_its_end(tmp_path: Path) -> None:
    recording, read = _read(truncated_wav(tmp_path / "cut.wav", SPEECH, 0.5))
    assert len(read) == pytest.approx(len(SPEECH) / 2, abs=100)
    assert not recording.complete
    assert "cut.wav" in recording.warnings[0] and "ends after" in recording.warnings[0]


def test_a_truncated_ogg_file_is_detected(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.ogg", upsampled(SPEECH, 3)[None], 48_000, "libopus")
    recording, read = _read(whole)
    assert recording.complete and not recording.warnings
    cut = tmp_path / "cut.ogg"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    recording, part = _read(cut)
    assert 0.3 < len(part) / len(read) < 0.7
    assert not recording.complete
    assert "cut.ogg" in recording.warnings[0] and "ends after" in recording.warnings[0]


def test_reading_a_damaged_file_neither_prints_nor_changes_how_pyav_logs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "bad.mp3", upsampled(SPEECH, 3)[None], 48_000, "libmp3lame")
    damaged = bytearray(path.read_bytes())
    damaged[2000:9000:37] = bytes(len(range(2000, 9000, 37)))
    path.write_bytes(damaged)
    recording, _ = _read(path)
    assert "damaged pieces were" in recording.warnings[0]
    damaged = bytearray(write(path, upsampled(SPEECH, 3)[None], 48_000, "libmp3lame").read_bytes())
    damaged[4000:4100] = bytes(100)
    path.write_bytes(damaged)
    recording, _ = _read(path)
    assert "1 damaged piece was skipped" in recording.warnings[0]
    assert capfd.readouterr() == ("", "") and av.logging.get_level() is None


def test_a_file_that_shrinks_while_being_read_is_incomplete(tmp_path: Path) -> None:
    path = truncated_wav(tmp_path / "shrinks.wav", np.tile(SPEECH, 60), 1.0)
    recording = Recording(path)
    blocks = recording.blocks()
    next(blocks)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    rest = list(blocks)
    assert rest and not recording.complete and "shrinks.wav" in recording.warnings[0]


def test_nan_samples_become_silence(tmp_path: Path) -> None:
    bad = SPEECH.copy()
    bad[1000:1100] = np.nan
    bad[2000] = np.inf
    recording, read = _read(write(tmp_path / "nan.wav", bad[None], SAMPLE_RATE, "pcm_f32le"))
    assert np.isfinite(read).all() and np.abs(read[1000:1100]).max() < 0.01
    assert "101 samples are not numbers" in recording.warnings[0]
    array = Recording(bad, SAMPLE_RATE)
    assert np.isfinite(array.read()).all() and "101 samples" in array.warnings[0]


def test_arrays_of_integers_at_another_rate_are_converted() -> None:
    high = load(upsampled(SPEECH, 3), 48_000)
    assert abs(len(high) - len(SPEECH)) < 200
    stereo = np.stack([SPEECH, SPEECH], axis=1)
    assert np.allclose(load((stereo * 32767).astype(np.int16), SAMPLE_RATE), SPEECH, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "content", "detail"),
    [
        ("empty.wav", b"", "0 bytes"),
        ("text.wav", b"this is not audio at all, not even close to it\n" * 20, "not audio"),
        ("zeros.mp3", bytes(5000), "not audio"),
    ],
)
def test_files_that_are_not_audio_are_named_in_the_error(
    tmp_path: Path, name: str, content: bytes, detail: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AudioError) as error:
        load(path)
    assert name in str(error.value) and detail in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_without_samples_is_refused(tmp_path: Path) -> None:
    path = truncated_wav(tmp_path / "none.wav", SPEECH[:0], 1.0)
    with raises(AudioError, "none.wav"):
        load(path)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    with raises(AudioError, "mute.mp4"):
        load(silent_video(tmp_path / "mute.mp4"))


@pytest.mark.parametrize(
    "source",
    [Path("nowhere.wav"), SAMPLES, np.zeros((2, 3, 4), np.float32), io.BytesIO(b""), 42],
)
def test_an_unsupported_source_is_refused(source: object) -> None:
    with pytest.raises(AudioError):
        load(source, 16_000 if isinstance(source, np.ndarray) else None)  # type: ignore[arg-type]


def test_a_missing_file_raises_a_file_not_found_error() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load("nowhere.wav")
    assert issubclass(AudioNotFound, AudioError)


def test_channels_out_of_phase_are_not_lost(tmp_path: Path) -> None:
    miswired = write(
        tmp_path / "x.wav", np.stack([SPEECH, -SPEECH]), SAMPLE_RATE, "pcm_s16le", "stereo"
    )
    recording, read = _read(miswired)
    assert np.abs(read - SPEECH).max() < 0.01
    assert len(recording.warnings) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.mp3", "ffconcat version 1.0\nfile {path}\n"),
        ("list.m3u8", "#EXTM3U\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n"),
        ("call.sdp", "v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n"),
    ],
)
def test_files_cannot_refer_to_other_files(tmp_path: Path, name: str, text: str) -> None:
    """FFmpeg would follow a playlist to any file or address, whatever the playlist is called."""
    path = tmp_path / name
    path.write_text(text.format(path=SAMPLES / "english.wav"))
    for source in (path, path.read_bytes()):
        with pytest.raises(AudioError, match="not audio"):
            load(source)


class _Broken(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        raise RuntimeError("boom")


def test_unreadable_file_objects_are_refused(tmp_path: Path) -> None:
    closed = (SAMPLES / "english.wav").open("rb")
    closed.close()
    with (SAMPLES / "english.txt").open() as text:
        for source in (closed, text, _Broken()):
            with pytest.raises(AudioError):
                load(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [None, 0, -1, 10**12, 44100.5, float("nan"), "16000"])
def test_an_invalid_sample_rate_is_refused(rate: object) -> None:
    with pytest.raises(AudioError, match="sample_rate"):
        load(SPEECH, rate)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [IndexError("list index out of range"), AttributeError("x"),
                                   OSError("Error number -50531338 occurred")])  # fmt: skip
def test_slips_inside_the_decoder_are_a_damaged_file(error: Exception) -> None:
    assert "the file is damaged" in str(files.unreadable("x.flv", error))
