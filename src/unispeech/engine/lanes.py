"""Recordings whose tracks or channels are transcribed separately, each as a speaker."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unispeech.audio import probe
from unispeech.audio.recording import Recording
from unispeech.engine.sound import Input
from unispeech.errors import AudioError
from unispeech.options import SoundOptions
from unispeech.stages.channels import Channels
from unispeech.types import End, Gap, Segment, Turn


def expanded(
    inputs: Iterable[Input], options: SoundOptions, on_lanes: Callable[[list[Input]], object]
) -> Iterator[Input]:
    """The lanes of each input in turn; `on_lanes` gets them before the first is yielded.

    An input that cannot be opened is one lane, so that reading it reports the error in its place.
    """
    for entry in inputs:
        try:
            lanes = lanes_of(entry, options)
        except AudioError:
            lanes = [entry]
        on_lanes(lanes)
        yield from lanes


def merged(
    events: Iterator[Segment | Gap | End], recordings: deque[list[Input]]
) -> Iterator[Segment | Gap | End]:
    """The events of whole recordings: the segments of all lanes in order of time.

    `recordings` holds the lanes of each recording whose events come. A segment carries its lane as
    the speaker; a lane that fails, fails the recording.
    """
    segments: list[Segment] = []
    gaps: list[Gap] = []
    ends: list[End] = []
    for event in events:
        if isinstance(event, Gap):
            gaps.append(event)
        elif isinstance(event, Segment):
            segments.append(_spoken(event, recordings[0][len(ends)].speaker))
        else:
            ends.append(event)
            if len(ends) == len(recordings[0]):
                recordings.popleft()
                yield from _in_order(segments, gaps, ends)
                segments, gaps, ends = [], [], []


def lanes_of(entry: Input, options: SoundOptions) -> list[Input]:
    """The lanes of an input: itself, unless tracks or channels are transcribed separately.

    Raises:
        AudioError: it cannot be opened.
    """
    if not options.has_lanes:
        return [entry]
    source: Any = entry.source
    if hasattr(source, "dtype"):
        return _channels(entry, source.shape[1] if source.ndim == 2 else 1)
    if hasattr(source, "read"):
        source = source.read()  # each lane reads it again
    if isinstance(source, bytearray | memoryview):
        source = bytes(source)
    entry = replace(entry, source=source)
    if options.audio_track != "all":
        return _channels(entry, probe.track(source, options.audio_track).channels)
    return [
        replace(entry, track=str(track.number), speaker=track.title or f"Track {track.number}")
        for track in probe.tracks(source)
    ]


def side_by_side(recordings: Sequence[Recording]) -> Iterator[Channels]:
    """Read recordings in step: blocks of shape (recordings, n), the shorter ones padded."""
    readers = [recording.blocks() for recording in recordings]
    held = [np.zeros(0, np.float32) for _ in recordings]
    ended = [False for _ in recordings]
    while not all(ended):
        for number, reader in enumerate(readers):
            if not ended[number] and not len(held[number]):
                block = next(reader, None)
                ended[number] = block is None
                held[number] = held[number] if block is None else block
        size = min((len(block) for block in held if len(block)), default=0)
        if size:
            yield np.stack([np.pad(b[:size], (0, size - len(b[:size]))) for b in held])
            held = [block[size:] for block in held]


def _channels(entry: Input, count: int) -> list[Input]:
    if count == 1:
        return [entry]
    return [replace(entry, channel=n, speaker=f"Channel {n + 1}") for n in range(count)]


def _spoken(segment: Segment, speaker: str | None) -> Segment:
    words = tuple(replace(word, speaker=speaker) for word in segment.words)
    return replace(segment, speaker=speaker, words=words)


def _in_order(
    segments: list[Segment], gaps: list[Gap], ends: list[End]
) -> Iterator[Segment | Gap | End]:
    ordered = sorted(segments, key=lambda segment: (segment.start, segment.end))
    yield from (replace(segment, id=number) for number, segment in enumerate(ordered))
    yield from sorted(gaps, key=lambda gap: (gap.start, gap.end))
    detected = [end for end in ends if end.language] or ends
    yield replace(
        detected[0],
        duration=max(end.duration for end in ends),
        warnings=tuple(dict.fromkeys(line for end in ends for line in end.warnings)),
        complete=all(end.complete for end in ends),
        error=next((end.error for end in ends if end.error), None),
        annotation_error=next((end.annotation_error for end in ends if end.annotation_error), None),
        turns=tuple(Turn(s.start, s.end, s.speaker) for s in ordered if s.speaker),
    )
