"""Chunk planning: cut a recording into contiguous chunks, in silence if possible.

The plan is made as sound arrives, with at most two chunks of sound in memory:

1. A silence longer than `MAX_GAP` ends a passage, and so does the end of the file.
2. A passage longer than a chunk is cut at the best silence in reach. Long silences are better, and
   so are pieces of even length, because a short last piece has too little context to be decoded
   well. Without any silence, the cut is at the quietest moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from unispeech.options import VadOptions
from unispeech.types import FRAME, FRAME_SECONDS, SAMPLE_RATE, Chunk, Flags, Frames, Samples, Span

MAX_GAP = 2.0
"""Longer silences, in seconds, are not decoded."""
MIN_SPEECH = 0.1
"""Shorter speech, in seconds, counts as a click."""
SMOOTH = 5
"""Frames over which loudness is averaged to find the quietest moment."""


def plan(
    frames: Iterator[Frames],
    options: VadOptions,
    chunk_length: float,
    source: int = 0,
    context: float = 0.0,
) -> Iterator[Chunk]:
    """Cut a stream of sound into chunks of at most `chunk_length` seconds.

    All speech is in exactly one chunk; chunks ascend and do not overlap. The engine sets `window`
    and `language` later. `context` adds up to that many seconds (at most 1.5) of the surrounding
    sound to either side of a chunk.
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
    """Sound that is not in a chunk yet: samples, and a speech flag per frame."""

    def __init__(self, options: VadOptions, context: int) -> None:
        self._options = options
        self._context = context
        self._before: Samples = np.zeros(0, np.float32)  # the last dropped samples, for context
        self._samples: Samples = np.zeros(0, np.float32)
        self._speech: Flags = np.zeros(0, np.bool_)
        self._base = 0  # number of the first frame, from the start of the file

    def add(self, samples: Samples, speech: Flags) -> None:
        self._samples = np.concatenate([self._samples, samples])
        self._speech = np.concatenate([self._speech, speech])

    def take(self, longest: int, done: bool) -> Iterator[Chunk]:
        """The chunks that are certain by now; all remaining chunks if `done`.

        The plan depends on a fixed stretch of sound from the first word of a passage, never on how
        much has arrived, so it is the same for any block size.
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
        """The frame that ends the first chunk of a passage longer than a chunk.

        `last` is the end of the passage, or None while it is unknown.
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
            speech=to_spans(spans, self._base),
        )

    def _around(self, start: int, end: int) -> tuple[Samples, Samples]:
        """The context before and after a stretch of the samples."""
        held = self._samples[max(0, start - self._context) : start]
        missing = self._context - len(held)
        earlier = self._before[max(0, len(self._before) - missing) :][:missing]
        after = self._samples[end : end + self._context]
        return np.concatenate([earlier, held]), after

    def _drop(self, frames: int) -> None:
        if frames > 0:
            if self._context:
                dropped = np.concatenate([self._before, self._samples[: frames * FRAME]])
                self._before = dropped[-self._context :]
            self._samples = self._samples[frames * FRAME :]
            self._speech = self._speech[frames:]
            self._base += frames

    def _pad_frames(self) -> int:
        return round(self._options.pad / FRAME_SECONDS)

    def _merge_frames(self) -> int:
        return round(self._options.min_silence / FRAME_SECONDS)


def runs(flags: Flags, merge: int = 0) -> list[tuple[int, int]]:
    """The runs of speech as (start, end); runs less than `merge` frames apart are merged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    merged: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if merged and start - merged[-1][1] < merge:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def to_spans(runs: list[tuple[int, int]], first: int) -> tuple[Span, ...]:
    """Convert runs of frames, counted from frame `first`, to spans in seconds."""
    return tuple(Span((first + a) * FRAME_SECONDS, (first + b) * FRAME_SECONDS) for a, b in runs)


def quietest(samples: Samples) -> int:
    """The index of the quietest frame; the middle if there are fewer than `SMOOTH` frames."""
    power = np.square(samples[: len(samples) // FRAME * FRAME]).reshape(-1, FRAME).mean(1)
    if len(power) < SMOOTH:
        return -(-len(power) // 2)
    return SMOOTH // 2 + int(np.argmin(np.convolve(power, np.ones(SMOOTH), "valid")))
