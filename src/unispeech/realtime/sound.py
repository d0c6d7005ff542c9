"""The sound a session still needs, on the stream's clock: samples, and where there was speech."""

from __future__ import annotations

from unispeech.options import VadOptions
from unispeech.stages import vad
from unispeech.types import FRAME, FRAME_SECONDS, SAMPLE_RATE, Chunk, Samples, Span

SMOOTH = 5
"""Frames that are looked at together where the quietest moment is wanted."""


class Sound:
    """Grows at the end a frame at a time, is cut at the front; never holds more than asked for.

    `start`, `end` and every frame number are counted in frames of 32 ms from the start of the
    stream.
    """

    def __init__(self, options: VadOptions) -> None:
        import numpy as np

        self._listener = vad.Listener() if options.enabled else None
        self._high = options.threshold
        self._low = max(options.threshold - 0.15, 0.01)
        self._speaking = False
        self._samples: Samples = np.zeros(0, np.float32)
        self._speech: list[bool] = []
        self.start = 0

    @property
    def end(self) -> int:
        return self.start + len(self._speech)

    def add(self, samples: Samples) -> None:
        """Whole frames, shape (512 n,). Speech or not is decided with Silero's hysteresis."""
        import numpy as np

        probabilities = (
            self._listener.probabilities(samples).tolist()
            if self._listener
            else [1.0] * (len(samples) // FRAME)
        )
        for probability in probabilities:
            if probability >= self._high:
                self._speaking = True
            elif probability < self._low:
                self._speaking = False
            self._speech.append(self._speaking)
        self._samples = np.concatenate([self._samples, samples])

    def drop(self, before: int) -> None:
        """Let go of what came before a frame."""
        frames = before - self.start
        if frames > 0:
            self._samples = self._samples[frames * FRAME :].copy()
            self._speech = self._speech[frames:]
            self.start = before

    def first(self) -> int | None:
        """The first frame of speech, or None in silence."""
        return self.start + self._speech.index(True) if True in self._speech else None

    def last(self) -> int:
        """The frame after the last speech; the start in silence."""
        for frame in range(len(self._speech), 0, -1):
            if self._speech[frame - 1]:
                return self.start + frame
        return self.start

    def spoken(self) -> float:
        """Seconds of speech."""
        return sum(self._speech) * FRAME_SECONDS

    def chunk(self, end: int, language: str) -> Chunk:
        """What is held up to a frame."""
        frames = end - self.start
        samples = self._samples[: frames * FRAME]
        edges = [False, *self._speech[:frames], False]
        starts = [i for i in range(frames) if edges[i + 1] and not edges[i]]
        ends = [i for i in range(1, frames + 1) if edges[i] and not edges[i + 1]]
        offset = self.start * FRAME_SECONDS
        return Chunk(
            samples=samples,
            start=offset,
            end=offset + len(samples) / SAMPLE_RATE,
            speech=tuple(
                Span(offset + a * FRAME_SECONDS, offset + b * FRAME_SECONDS)
                for a, b in zip(starts, ends, strict=True)
            ),
            language=language,
        )

    def quietest(self, low: int, high: int) -> int:
        """The frame between two at which it is quietest."""
        import numpy as np

        part = self._samples[(low - self.start) * FRAME : (high - self.start) * FRAME]
        power = np.square(part.reshape(-1, FRAME)).mean(1)
        if len(power) <= SMOOTH:
            return (low + high) // 2
        smooth = np.convolve(power, np.ones(SMOOTH), "valid")
        return low + SMOOTH // 2 + int(np.argmin(smooth))
