"""Voice activity detection per 32 ms frame, from the probabilities of Silero (`stages.silero`).

The network is recurrent, and its state carries over between blocks, so a stream gives the same
result as the whole file.

After loud speech the network misses speech that is much quieter, or short. So `detect` runs it a
second time on each stretch without speech, with a new state and at the stretch's own level
(decision 0070). Live sound is not looked at again, since it cannot wait for the end of a stretch.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unispeech.options import VadOptions
from unispeech.stages.level import Leveller, raised
from unispeech.stages.silero import Listener
from unispeech.types import FRAME, Flags, Floats, Frames, Samples

STRETCH = (31, 312)
"""Fewest and most frames (1 to 10 s) without speech that are looked at a second time."""
FOUND = 8
"""Fewest frames of speech (0.25 s) that count in the second look."""


def detect(blocks: Iterator[Samples], options: VadOptions) -> Iterator[Frames]:
    """The sound in whole frames, with a speech flag per frame."""
    frames = _once(blocks, options)
    return _twice(frames, options.threshold) if options.enabled else frames


def _once(blocks: Iterator[Samples], options: VadOptions) -> Iterator[Frames]:
    """Each block cut to whole frames, with a speech flag per frame."""
    detector = Detector(options)
    buffered = np.zeros(0, np.float32)
    for block in blocks:
        buffered = np.concatenate([buffered, block])
        whole = len(buffered) // FRAME * FRAME
        if whole:
            yield buffered[:whole], detector.flags(buffered[:whole])
        buffered = buffered[whole:]
    if len(buffered):
        yield buffered, detector.flags(np.pad(buffered, (0, FRAME - len(buffered))))


def _twice(frames: Iterator[Frames], threshold: float) -> Iterator[Frames]:
    """Frames with the speech of a second look. Holds back a stretch without speech until it ends.

    The stretches depend on the flags alone, not on the blocks.
    """
    held: Samples = np.zeros(0, np.float32)
    for samples, flags in frames:
        ready: list[Frames] = []
        edges = (np.flatnonzero(np.diff(flags)) + 1).tolist()
        for start, end in zip([0, *edges], [*edges, len(flags)], strict=True):
            part = samples[start * FRAME : end * FRAME]
            if flags[start]:
                ready += [(held, _missed(held, threshold)), (part, flags[start:end])]
                held = held[:0]
                continue
            held = np.concatenate([held, part])
            while len(held) >= STRETCH[1] * FRAME:
                longest, held = np.split(held, [STRETCH[1] * FRAME])
                ready.append((longest, _missed(longest, threshold)))
        if ready:
            yield (
                np.concatenate([part for part, _ in ready]),
                np.concatenate([part_flags for _, part_flags in ready]),
            )
    if len(held):
        yield held, _missed(held, threshold)


def _missed(samples: Samples, threshold: float) -> Flags:
    """Speech flags of a stretch in which the first look found no speech."""
    whole = np.pad(samples, (0, -len(samples) % FRAME))
    none = np.zeros(len(whole) // FRAME, np.bool_)
    if len(none) < STRETCH[0]:
        return none
    flags = Hysteresis(threshold).flags(Listener().probabilities(raised(whole)))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]))).reshape(-1, 2)
    for start, end in edges.tolist():
        none[start:end] = end - start >= FOUND
    return none


class Detector:
    """Speech detector of one stream. If the options disable the VAD, everything is speech."""

    def __init__(self, options: VadOptions) -> None:
        self._listener = Listener() if options.enabled else None
        self._level = Leveller()
        self._hysteresis = Hysteresis(options.threshold)

    def flags(self, samples: Samples) -> Flags:
        """Speech flags, shape (n,), of the next samples, shape (512 n,)."""
        if self._listener is None:
            return np.ones(len(samples) // FRAME, np.bool_)
        return self._hysteresis.flags(self._listener.probabilities(self._level(samples)))


class Hysteresis:
    """Silero's hysteresis: speech begins at the threshold and ends below `threshold - 0.15`."""

    def __init__(self, threshold: float) -> None:
        self._high = threshold
        self._low = max(threshold - 0.15, 0.01)
        self._speaking = False

    def flags(self, probabilities: Floats) -> Flags:
        """Speech flags of the next frames, from their speech probabilities."""
        flags = np.zeros(len(probabilities), np.bool_)
        for i, probability in enumerate(probabilities.tolist()):
            if probability >= self._high:
                self._speaking = True
            elif probability < self._low:
                self._speaking = False
            flags[i] = self._speaking
        return flags
