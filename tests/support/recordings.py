"""Recordings that are hard to read, made on the spot."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def write(path: Path, samples: Floats, rate: int, codec: str, layout: str = "mono") -> Path:
    """Encode samples of shape (channels, n) with a codec of PyAV."""
    planar = codec in ("aac",)
    formats = {
        "pcm_u8": "u8",
        "pcm_f32le": "flt",
        "aac": "fltp",
        "flac": "s16",
        "libmp3lame": "s16",
    }
    sample_format = formats.get(codec, "s16")
    scaled: npt.NDArray[np.generic] = samples.astype(np.float32)
    if sample_format == "s16":
        scaled = (samples * 32767).astype(np.int16)
    elif sample_format == "u8":
        scaled = (samples * 127 + 128).astype(np.uint8)
    if not planar:
        scaled = np.ascontiguousarray(scaled.T.reshape(1, -1))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        channels = samples.shape[0]
        step = rate
        for start in range(0, samples.shape[1], step):
            if planar:
                piece = np.ascontiguousarray(scaled[:, start : start + step])
            else:
                piece = scaled[:, start * channels : (start + step) * channels]
            frame = av.AudioFrame.from_ndarray(piece, sample_format, layout)
            frame.sample_rate = rate
            container.mux(stream.encode(frame))
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
