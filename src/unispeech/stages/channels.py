"""One channel out of several: those with clear speech, without those that would drown it.

A voice on one channel and noise on another come out of a plain mix as a voice in noise. Channels
are therefore judged by their speech (Silero), not by their loudness. Channels that carry the same
sound, which is most stereo, keep FFmpeg's mix and cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from unispeech.stages.silero import Listener
from unispeech.types import FRAME, SAMPLE_RATE, Flags, Floats, Samples

Channels = npt.NDArray[np.float32]
"""Shape (1 + channels, n): FFmpeg's mix, then each channel."""
Mode = Literal["mix", "best"]

AUDIBLE = 1e-7
"""Mean square below which a channel is silent (-70 dBFS)."""
ALIKE = 0.9
"""Correlation of two channels' levels (in dB, by frame) from which they carry the same sound."""
SPEECH = 0.5
"""Probability from which a frame counts as speech."""
CLOSE = 4.0
"""A channel whose speech stands this much less above its noise (6 dB) is left out."""
OWN = round(0.3 * SAMPLE_RATE / FRAME)
"""Frames of speech that the clearest channel lacks, from which a channel has a voice of its own."""
FADE = 160
"""Samples over which a change of the channels is blended in (10 ms)."""


class SpeechMix:
    """Mixes the blocks of one recording, in order. Keeps the state of the detector by channel."""

    def __init__(self, mode: Mode = "mix") -> None:
        self._mode = mode
        self._listeners: dict[int, Listener] = {}
        self._noise: dict[int, float] = {}
        self._gains: Floats | None = None
        """The weight of each row of the block before."""

    def __call__(self, block: Channels) -> Samples:
        """Return the block's mono samples, shape (n,)."""
        if len(block) <= 2:
            mono: Samples = block[0]
            return mono
        has_before = self._gains is not None and len(self._gains) == len(block)
        before = self._gains if has_before and self._gains is not None else _only(len(block), [0])
        gains = self._weights(block, before)
        before = before if has_before else gains
        self._gains = gains
        mixed: Samples = gains @ block
        if (before != gains).any():
            rising = np.linspace(0, 1, min(FADE, block.shape[1]), dtype=np.float32)
            old = before @ block[:, : len(rising)]
            mixed[: len(rising)] = old + (mixed[: len(rising)] - old) * rising
        return mixed

    def _weights(self, block: Channels, before: Floats) -> Floats:
        """The weight of each row: those of the block before if no channel has speech."""
        levels = _levels(block[1:])
        active = np.flatnonzero(levels.mean(axis=1) > AUDIBLE)
        if not len(active):
            return _only(len(block), [0])
        if len(active) == 1:
            return _only(len(block), [int(active[0]) + 1])
        if self._mode == "mix" and _alike(levels[active]):
            return _only(len(block), [0])
        speech = {int(c): self._speech(int(c), block[c + 1]) for c in active}
        kept = self._clear(speech, levels)
        if not kept:
            return before
        all_kept = len(kept) == len(levels)
        return _only(len(block), [0] if all_kept else [channel + 1 for channel in kept])

    def _speech(self, channel: int, samples: Samples) -> Flags:
        listener = self._listeners.setdefault(channel, Listener())
        padded = np.pad(samples, (0, -len(samples) % FRAME))
        flags: Flags = listener.probabilities(padded) >= SPEECH
        return flags

    def _clear(self, speech: dict[int, Flags], levels: Floats) -> list[int]:
        """The channels to keep: the clearest, those nearly as clear, those with another voice."""
        clarity: dict[int, float] = {}
        for channel, flags in speech.items():
            quiet = levels[channel][~flags]
            if len(quiet):
                self._noise[channel] = float(np.median(quiet))
            if flags.any():
                noise = max(self._noise.get(channel, 0.0), AUDIBLE / 100)
                clarity[channel] = float(levels[channel][flags].mean()) / noise
        if not clarity:
            return []
        most = max(int(speech[channel].sum()) for channel in clarity)
        talking = [channel for channel in clarity if speech[channel].sum() >= most / 2]
        best = max(talking, key=lambda channel: clarity[channel])
        if self._mode == "best":
            return [best]
        return [
            channel
            for channel in clarity
            if clarity[channel] >= clarity[best] / CLOSE
            or (speech[channel] & ~speech[best]).sum() >= OWN
        ]


def _levels(channels: Channels) -> Floats:
    """The mean square of every frame, shape (channels, frames)."""
    padded = np.pad(channels, ((0, 0), (0, -channels.shape[1] % FRAME)))
    levels: Floats = np.square(padded.reshape(len(channels), -1, FRAME)).mean(axis=2)
    return levels


def _alike(levels: Floats) -> bool:
    """True if all channels rise and fall together."""
    decibels = np.log10(levels + AUDIBLE / 100)
    if levels.shape[1] < 2 or (decibels.std(axis=1) < 1e-6).any():
        return False
    return bool(np.corrcoef(decibels).min() >= ALIKE)


def _only(rows: int, kept: Sequence[int]) -> Floats:
    """Equal weights of these rows that add up to 1."""
    weights = np.zeros(rows, np.float32)
    weights[list(kept)] = 1 / len(kept)
    return weights
