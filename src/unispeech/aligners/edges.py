"""Word boundaries beside pauses, moved to where the sound begins and ends.

Acoustic models put the start of a word after a pause too late, and the end before one too early:
the faint parts of speech look like silence, more so in noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from unispeech.types import SAMPLE_RATE, Samples

FRAME = SAMPLE_RATE // 100
"""Samples of a frame of energy (10 ms); it is measured over twice as many."""
MIN_PAUSE = 0.06
"""Seconds between two words that are a pause."""
ABOVE = 10.0
"""Decibels above the noise that are speech."""
REACH = 6
"""Frames by which a boundary may follow the energy."""
EARLIER = (0.01, 0.05)
"""Seconds by which speech starts before its energy rises: in clean sound, and in noise."""
LATER = (0.01, 0.05)
"""Seconds by which speech ends after its energy falls: in clean sound, and in noise."""
CLEAN, NOISY = 30.0, 5.0
"""Decibels between speech and noise of the two values above."""

STRETCHED = 1.5
"""Seconds from which a word may contain a pause."""
SILENT = 0.5
"""Seconds without speech at the beginning of such a word that are a pause."""

WITHIN = 0.1
"""Seconds by which `to_pauses` moves a boundary at most."""
LONG_PAUSE = 8
"""Frames without speech that `to_pauses` takes for a pause."""
QUIET = 0.35
"""The level below which there is no speech, between the noise (0) and the speech (1)."""
CLEAR = 20.0
"""Decibels between speech and noise from which pauses are found by energy."""

Times = tuple[float, float]
"""The start and end of a word, in seconds."""


def at_pauses(samples: Samples, words: Sequence[Times]) -> list[Times]:
    """Move the boundaries of words beside pauses. The words stay in order and in the samples."""
    energy = energies(samples)
    if len(energy) < 2 or not words:
        return list(words)
    noise, amount = _noise(energy)
    earlier = EARLIER[0] + (EARLIER[1] - EARLIER[0]) * amount
    later = LATER[0] + (LATER[1] - LATER[0]) * amount
    length = len(samples) / SAMPLE_RATE
    starts, ends = [start for start, _ in words], [end for _, end in words]
    for number in range(len(words) + 1):
        before = ends[number - 1] if number else 0.0
        after = starts[number] if number < len(words) else length
        if after - before < MIN_PAUSE:
            continue
        left, right = _quiet(energy, before, after, noise)
        end = before + left + (later if number else 0.0)
        start = after - right - (earlier if number < len(words) else 0.0)
        if end > start:  # both words claim the pause
            end = start = min(max((end + start) / 2, before), after)
        if number:
            ends[number - 1] = min(end, length)
        if number < len(words):
            starts[number] = max(start, 0.0)
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end - start > STRETCHED:
            silence = _silence(energy, start, end, noise)
            starts[number] = start + silence - earlier if silence > SILENT else start
    return list(zip(starts, ends, strict=True))


def _silence(energy: npt.NDArray[np.float64], start: float, end: float, noise: float) -> float:
    """Seconds from the start of a word to its first speech; 0 if it has none.

    After a long pause a search may take the silence for the first phone of the next word.
    """
    loud = energy[round(start * 100) : round(end * 100)] > noise + ABOVE
    return int(np.argmax(loud)) / 100 if loud.any() else 0.0


def noisiness(samples: Samples) -> float:
    """The noise of a sound: 0 if it is clean, 1 if speech is hardly louder than the noise."""
    energy = energies(samples)
    return _noise(energy)[1] if len(energy) > 1 else 0.0


def _noise(energy: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The level of the noise in decibels, and the noisiness."""
    noise, speech = np.percentile(energy, (8, 90))
    return float(noise), float(np.clip((CLEAN - (speech - noise)) / (CLEAN - NOISY), 0.0, 1.0))


def to_pauses(samples: Samples, words: Sequence[Times]) -> list[Times]:
    """Move rough boundaries to the edges of a pause that is near, in clear sound.

    For times that know no pauses, such as those of attention: the word before a pause ends where
    the pause begins, the word after it starts where it ends.
    """
    energy = energies(samples)
    if len(energy) < 2 or not words:
        return list(words)
    noise, speech = np.percentile(energy, (8, 90))
    if speech - noise < CLEAR:
        return list(words)
    starts, ends = [start for start, _ in words], [end for _, end in words]
    for begin, stop in _pauses(energy < noise + QUIET * (speech - noise)):
        away = [max(begin - end, end - stop, 0.0) for end in ends]
        nearest = int(np.argmin(away))
        if away[nearest] > WITHIN:
            nearest = -1
        elif begin > starts[nearest]:
            ends[nearest] = begin
        following = nearest + 1
        if following < len(words) and starts[following] < stop < ends[following]:
            starts[following] = stop if nearest >= 0 or begin <= starts[following] else starts[0]
    for number, following_start in enumerate(starts[1:]):
        ends[number] = max(starts[number], min(ends[number], following_start))
    return list(zip(starts, ends, strict=True))


def _pauses(quiet: npt.NDArray[np.bool_]) -> list[Times]:
    """The pauses of at least `LONG_PAUSE` frames, in seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    spans = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(first / 100, stop / 100) for first, stop in spans if stop - first >= LONG_PAUSE]


def energies(samples: Samples) -> npt.NDArray[np.float64]:
    """The energy of each frame in decibels, high frequencies raised, shape (n // FRAME,)."""
    count = len(samples) // FRAME
    if not count:
        return np.zeros(0)
    raised = np.array(samples[: count * FRAME], np.float32)
    raised[1:] -= samples[: count * FRAME - 1]
    frames = raised.reshape(count, FRAME)
    parts = np.einsum("ij,ij->i", frames, frames).astype(np.float64)
    around = np.convolve(parts, [0.25, 0.5, 0.25], "same") / (FRAME / 2)
    return np.asarray(10 * np.log10(around + 1e-9))


def _quiet(
    energy: npt.NDArray[np.float64], before: float, after: float, noise: float
) -> tuple[float, float]:
    """Seconds of speech at the beginning and at the end of a pause."""
    pause = energy[round(before * 100) : round(after * 100)]
    if len(pause) < 2:
        return 0.0, 0.0
    loud = pause > max(noise, float(np.percentile(pause, 20))) + ABOVE
    left = _leading(loud[:REACH])
    return left / 100, _leading(loud[::-1][: min(REACH, len(pause) - left)]) / 100


def _leading(flags: npt.NDArray[np.bool_]) -> int:
    """The number of true values at the beginning."""
    return int(np.argmin(flags)) if not flags.all() else len(flags)
