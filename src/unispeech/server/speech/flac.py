"""FLAC files of 16 kHz mono: written by decoding processes, read in parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from unispeech.audio.pcm import to_int16
from unispeech.types import SAMPLE_RATE, Samples

Pcm = npt.NDArray[np.int16]


class FlacWriter:
    """FLAC file; a context manager like `WavWriter`. Silence takes next to no space."""

    def __init__(self, path: Path) -> None:
        import av

        self._container = av.open(str(path), "w", format="flac")
        self._stream: Any = self._container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        self._position = 0

    def __enter__(self) -> FlacWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def write(self, samples: Samples) -> None:
        """Append samples, shape (1, n)."""
        import av

        if not samples.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(to_int16(samples), format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._position
        self._position += samples.shape[1]
        self._container.mux(self._stream.encode(frame))


def count_samples(source: Path | BinaryIO) -> int:
    """Return the number of samples of a file that `FlacWriter` wrote."""
    import av

    with av.open(source, "r", format="flac") as container:
        stream = container.streams.audio[0]
        assert stream.duration is not None and stream.time_base is not None
        return round(stream.duration * stream.time_base * SAMPLE_RATE)


def read(source: Path | BinaryIO, first: int, last: int) -> Iterator[Pcm]:
    """Yield the samples from `first` to before `last`, in pieces of shape (n,)."""
    import av

    with av.open(source, "r", format="flac") as container:
        stream = container.streams.audio[0]
        assert stream.time_base is not None
        if first:
            container.seek(round(first / SAMPLE_RATE / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            assert frame.pts is not None
            position = round(frame.pts * stream.time_base * SAMPLE_RATE)
            if position >= last:
                return
            samples: Pcm = frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
            part = samples[max(0, first - position) : last - position]
            if len(part):
                yield part
