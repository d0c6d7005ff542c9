"""The sound that a session still needs: its samples, and the speech in it."""

from __future__ import annotations

import numpy as np

from unispeech.options import VadOptions
from unispeech.stages import chunking, vad
from unispeech.types import FRAME, FRAME_SECONDS, SAMPLE_RATE, Chunk, Flags, Samples


class Sound:
    """A buffer of samples and speech flags that grows at its end and is cut at its start.

    `start`, `end` and all frame numbers count frames of 32 ms from the start of the stream.
    """

    def __init__(self, options: VadOptions) -> None:
        self._detector = vad.Detector(options)
        self._samples: Samples = np.zeros(0, np.float32)
        self._speech: Flags = np.zeros(0, np.bool_)
        self.start = 0

    @property
    def end(self) -> int:
        return self.start + len(self._speech)

    def add(self, samples: Samples) -> None:
        """Append whole frames, shape (512 n,)."""
        self._speech = np.concatenate([self._speech, self._detector.flags(samples)])
        self._samples = np.concatenate([self._samples, samples])

    def drop(self, before: int) -> None:
        """Drop the sound before a frame."""
        frames = before - self.start
        if frames > 0:
            self._samples = self._samples[frames * FRAME :].copy()
            self._speech = self._speech[frames:]
            self.start = before

    def first(self) -> int | None:
        """Return the first frame of speech, or None in silence."""
        return self.start + int(self._speech.argmax()) if self._speech.any() else None

    def last(self) -> int:
        """Return the frame after the last speech; the start in silence."""
        frames = self._speech.nonzero()[0]
        return self.start + int(frames[-1]) + 1 if len(frames) else self.start

    def spoken(self) -> float:
        """Return the seconds of speech."""
        return int(self._speech.sum()) * FRAME_SECONDS

    def chunk(self, end: int, language: str) -> Chunk:
        """Return the sound up to a frame as a chunk."""
        frames = end - self.start
        samples = self._samples[: frames * FRAME]
        start = self.start * FRAME_SECONDS
        return Chunk(
            samples=samples,
            start=start,
            end=start + len(samples) / SAMPLE_RATE,
            speech=chunking.to_spans(chunking.runs(self._speech[:frames]), self.start),
            language=language,
        )

    def quietest(self, low: int, high: int) -> int:
        """Return the quietest frame between two frames."""
        part = self._samples[(low - self.start) * FRAME : (high - self.start) * FRAME]
        return low + chunking.quietest(part)
