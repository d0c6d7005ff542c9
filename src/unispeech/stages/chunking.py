"""Where to cut: chunks are contiguous pieces of the recording, cut in silence if there is any.

The plan is made on the go, with at most two chunks' worth of sound in memory:

1. A silence longer than `MAX_GAP` ends a passage. So does the end of the file.
2. A passage longer than a chunk is cut, at the best silence in reach: long silences first, and
   pieces of even length, because a short last piece has too little context to be heard right.
   Where there is no silence at all, the quietest moment has to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from unispeech.options import VadOptions
from unispeech.types import FRAME, FRAME_SECONDS, SAMPLE_RATE, Chunk, Flags, Frames, Samples, Span

MAX_GAP = 2.0
"""Seconds of silence that are not worth decoding."""
MIN_SPEECH = 0.1
"""Seconds; anything shorter is a click."""
SMOOTH = 5
"""Frames whose loudness is averaged where the quietest moment is sought."""


def plan(
    frames: Iterator[Frames],
    options: VadOptions,
    chunk_length: float,
    source: int = 0,
    context: float = 0.0,
) -> Iterator[Chunk]:
    """Cut a stream of sound into chunks of at most `chunk_length` seconds.

    Every moment of speech is in exactly one chunk; chunks rise and do not overlap. `window` and
    `language` are left for the engine to set. With `context` (at most 1.5), each brings so many
    seconds of the sound on either side with it, as far as there is any.
    """
    passages = _Passages(options, round(context * SAMPLE_RATE))
    index = 0
    longest = int(chunk_length / FRAME_SECONDS)
    for samples, speech in frames:
        passages.add(samples, speech)
        for chunk in passages.take(longest, done=False):
            yield replace(chunk, source=source, index=index)
            index += 1
    for chunk in passages.take(longest, done=True):
        yield replace(chunk, source=source, index=index)
        index += 1


class _Passages:
    """The sound that is not yet in a chunk: samples, and speech or not for each frame."""

    def __init__(self, options: VadOptions, context: int) -> None:
        self._options = options
        self._context = context
        self._before: Samples = np.zeros(0, np.float32)  # the last that was dropped, for context
        self._samples: Samples = np.zeros(0, np.float32)
        self._speech: Flags = np.zeros(0, np.bool_)
        self._base = 0  # the frame of the file at which both begin

    def add(self, samples: Samples, speech: Flags) -> None:
        self._samples = np.concatenate([self._samples, samples])
        self._speech = np.concatenate([self._speech, speech])

    def take(self, longest: int, done: bool) -> Iterator[Chunk]:
        """The chunks that are certain by now; all that is left when `done`.

        A passage is judged by a fixed stretch of sound from its first word, never by how much has
        happened to arrive, so the plan is the same however the sound comes.
        """
        pad = self._pad_frames()
        gap = int(MAX_GAP / FRAME_SECONDS)
        usable = longest - 2 * pad
        while self._speech.any():
            first = int(self._speech.argmax())
            seen = self._speech[: first + 2 * usable + gap + pad + 1]
            whole = len(seen) < len(self._speech)
            spans = runs(seen, self._merge_frames())
            ended = next(
                (i for i in range(len(spans) - 1) if spans[i + 1][0] - spans[i][1] > gap), None
            )
            if ended is None and (
                len(seen) - spans[-1][1] > gap + pad or (done and len(seen) == len(self._speech))
            ):
                ended = len(spans) - 1
            if ended is None:
                if not whole:
                    return
                last = None
            else:
                spans = spans[: ended + 1]
                last = spans[-1][1]
            if last is not None and last - first <= usable:
                yield from self._passage(spans)
                self._drop(last)
            else:
                cut = self._cut(spans, first, last, usable)
                before = [(a, min(b, cut)) for a, b in spans if a < cut]
                yield from self._passage(before, cut)
                self._drop(cut)
        self._drop(len(self._speech) - pad)

    def _cut(self, spans: list[tuple[int, int]], first: int, last: int | None, usable: int) -> int:
        """The frame at which to end the first chunk of a passage that is too long for one.

        `last` is where the passage ends, or None while nobody knows.
        """
        earliest, latest = first + usable // 2, first + usable
        even = latest if last is None else first + (last - first) / -(-(last - first) // usable)
        best, best_score = 0, 0.0
        for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
            middle = (end + start) // 2
            if earliest <= middle <= latest:
                score = min(start - end, 1.0 / FRAME_SECONDS) - 0.05 * abs(middle - even)
                if not best or score > best_score:
                    best, best_score = middle, score
        if best:
            return best
        low = max(earliest, int(even) - usable // 4)
        return low + quietest(self._samples[low * FRAME : latest * FRAME])

    def _passage(self, spans: list[tuple[int, int]], cut: int | None = None) -> Iterator[Chunk]:
        pad = self._pad_frames()
        start = max(0, spans[0][0] - pad)
        end = min(len(self._speech), spans[-1][1] + pad)
        if cut is not None:
            end = min(end, cut)
        spoken = sum(b - a for a, b in spans) * FRAME_SECONDS
        if spoken < MIN_SPEECH:
            return
        samples = self._samples[start * FRAME : end * FRAME].copy()
        offset = self._base + start
        before, after = self._around(start * FRAME, end * FRAME)
        yield Chunk(
            samples=np.concatenate([before, samples, after]) if self._context else samples,
            before=len(before) / SAMPLE_RATE,
            after=len(after) / SAMPLE_RATE,
            start=offset * FRAME_SECONDS,
            end=offset * FRAME_SECONDS + len(samples) / SAMPLE_RATE,
            speech=seconds(spans, self._base),
        )

    def _around(self, start: int, end: int) -> tuple[Samples, Samples]:
        """The context before and after a stretch of the samples held."""
        held = self._samples[max(0, start - self._context) : start]
        missing = self._context - len(held)
        earlier = self._before[max(0, len(self._before) - missing) :][:missing]
        after = self._samples[end : end + self._context]
        return np.concatenate([earlier, held]), after

    def _drop(self, frames: int) -> None:
        if frames > 0:
            if self._context:
                gone = np.concatenate([self._before, self._samples[: frames * FRAME]])
                self._before = gone[-self._context :]
            self._samples = self._samples[frames * FRAME :]
            self._speech = self._speech[frames:]
            self._base += frames

    def _pad_frames(self) -> int:
        return round(self._options.pad / FRAME_SECONDS)

    def _merge_frames(self) -> int:
        return round(self._options.min_silence / FRAME_SECONDS)


def runs(flags: Flags, merge: int = 0) -> list[tuple[int, int]]:
    """The stretches of speech as (start, end), those less than `merge` frames apart as one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    found: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if found and start - found[-1][1] < merge:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def seconds(runs: list[tuple[int, int]], first: int) -> tuple[Span, ...]:
    """Runs of frames counted from frame `first`, as times."""
    return tuple(Span((first + a) * FRAME_SECONDS, (first + b) * FRAME_SECONDS) for a, b in runs)


def quietest(samples: Samples) -> int:
    """The frame at which it is quietest; the middle where there are too few to tell."""
    power = np.square(samples[: len(samples) // FRAME * FRAME]).reshape(-1, FRAME).mean(1)
    if len(power) < SMOOTH:
        return -(-len(power) // 2)
    return SMOOTH // 2 + int(np.argmin(np.convolve(power, np.ones(SMOOTH), "valid")))
