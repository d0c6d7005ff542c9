"""Recordings that are hard to read, made on the spot."""

from __future__ import annotations

import itertools
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def write(path: Path, samples: Floats, rate: int, codec: str, layout: str = "mono") -> Path:
    """Encode samples of shape (channels, n) with a codec of PyAV."""
    formats = {"pcm_u8": "u8", "pcm_f32le": "flt", "aac": "flt"}
    sample_format = formats.get(codec, "s16")
    scaled: npt.NDArray[np.generic] = samples.astype(np.float32)
    if sample_format == "s16":
        scaled = (samples * 32767).astype(np.int16)
    elif sample_format == "u8":
        scaled = (samples * 127 + 128).astype(np.uint8)
    packed: Any = np.ascontiguousarray(scaled.T.reshape(1, -1))
    channels = samples.shape[0]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        planar = av.AudioResampler("fltp", layout, rate) if codec == "aac" else None
        for start in range(0, packed.shape[1], rate * channels):
            piece = packed[:, start : start + rate * channels]
            frame = av.AudioFrame.from_ndarray(piece, sample_format, layout)
            frame.sample_rate = rate
            for fitting in planar.resample(frame) if planar else [frame]:
                container.mux(stream.encode(fitting))
        container.mux(stream.encode(None))
    return path


def upsampled(samples: Floats, times: int) -> Floats:
    """At `times` its rate, by linear interpolation: good enough to be read back."""
    n = len(samples)
    at = np.arange(n * times) / times
    return np.interp(at, np.arange(n), samples).astype(np.float32)


def silent_video(path: Path) -> Path:
    """A video without an audio track."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def truncated_wav(path: Path, samples: Floats, keep: float) -> Path:
    """A WAV whose header promises all of the samples and which holds a part of them."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    whole = path.read_bytes()
    path.write_bytes(whole[: 44 + int((len(whole) - 44) * keep) // 2 * 2])
    return path


def talking_video(path: Path, speech: Path, size: tuple[int, int] = (320, 180)) -> Path:
    """WebM (VP8, Opus) with the sound of a WAV and a picture whose colour changes slowly."""
    with wave.open(str(speech)) as source:
        rate = source.getframerate()
        sound = np.frombuffer(source.readframes(source.getnframes()), np.int16)
    with av.open(str(path), "w", format="webm") as container:
        picture = container.add_stream("libvpx", rate=2, width=size[0], height=size[1])
        picture.pix_fmt = "yuv420p"
        picture.options = {"deadline": "realtime", "cpu-used": "8"}
        voice = container.add_stream("libopus", rate=48_000, layout="mono")
        for number in range(int(len(sound) / rate * 2)):
            image = np.empty((size[1], size[0], 3), np.uint8)
            image[:] = (40, 70 + 4 * number % 60, 90)
            container.mux(picture.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        resampler = av.AudioResampler("s16", "mono", 48_000)
        for start in range(0, len(sound), rate):
            frame = av.AudioFrame.from_ndarray(sound[None, start : start + rate], "s16", "mono")
            frame.sample_rate = rate
            for fitting in resampler.resample(frame):
                container.mux(voice.encode(fitting))
        for stream in (picture, voice):
            container.mux(stream.encode(None))
    return path


CODECS = {
    ".mkv": ("aac", "mpeg4"), ".mka": ("flac", ""), ".mp4": ("aac", "mpeg4"), ".m4a": ("aac", ""),
    ".mov": ("pcm_s16le", "mpeg4"), ".ts": ("mp2", "mpeg4"), ".flv": ("aac", "flv"),
    ".webm": ("libopus", "libvpx"), ".avi": ("pcm_s16le", "mpeg4"), ".wmv": ("wmav2", "wmv2"),
    ".mpg": ("mp2", "mpeg1video"),
}  # fmt: skip
"""The codecs of sound and picture for a container, by its suffix."""


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio track to write: pieces of mono sound at 16 kHz and the times at which they start."""

    pieces: tuple[tuple[float, Floats], ...]
    language: str = ""
    default: bool = False


def recorded(path: Path, *sounds: Sound, film: float = 0.0, flags: str = "") -> Path:
    """Write audio tracks, and a picture of `film` seconds, into the container of the suffix.

    `flags` are the muxer's `movflags`.
    """
    codec, picture = CODECS[path.suffix]
    options = {"movflags": flags} if flags else {}
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream(picture, rate=25) if film else None
        if isinstance(video, av.VideoStream):
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        tracks = [_track(container, codec, sound) for sound in sounds]
        packets = [_packets(track, sound) for track, sound in zip(tracks, sounds, strict=True)]
        if isinstance(video, av.VideoStream):
            packets.append(_film(video, film))
        for packet in sorted(itertools.chain(*packets), key=_decoding_time):
            container.mux(packet)
    return path


def _track(container: av.container.OutputContainer, codec: str, sound: Sound) -> av.AudioStream:
    stream = container.add_stream(codec, rate=48_000)
    assert isinstance(stream, av.AudioStream)
    stream.layout = "mono"
    stream.bit_rate = 64_000
    stream.time_base = Fraction(1, 48_000)
    if sound.language:
        stream.metadata["language"] = sound.language
    if sound.default:
        stream.disposition = av.stream.Disposition.default
    return stream


def _packets(stream: av.AudioStream, sound: Sound) -> list[Any]:
    floats = stream.codec_context.name in ("aac", "wmav2")
    packets: list[Any] = []
    stream.codec_context.open()
    size = stream.codec_context.frame_size or 4_800
    for start, samples in sound.pieces:
        whole = upsampled(samples, 3)[None]
        values = whole if floats else (whole * 32767).astype(np.int16)
        for at in range(0, values.shape[1] // size * size, size):
            piece: Any = np.ascontiguousarray(values[:, at : at + size])
            frame = av.AudioFrame.from_ndarray(piece, "fltp" if floats else "s16", "mono")
            frame.sample_rate = 48_000
            frame.time_base = Fraction(1, 48_000)
            frame.pts = round(start * 48_000) + at
            packets += stream.encode(frame)
    return packets + stream.encode(None)


def _film(stream: av.VideoStream, seconds: float) -> list[Any]:
    image = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
    packets: list[Any] = []
    for number in range(round(seconds * 25)):
        image.pts, image.time_base = number, Fraction(1, 25)
        packets += stream.encode(image)
    return packets + stream.encode(None)


def _decoding_time(packet: Any) -> float:
    assert packet.dts is not None and packet.time_base is not None
    return float(packet.dts * packet.time_base)
