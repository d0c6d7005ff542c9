"""Passages of a transcript for the full-text index. Pure functions."""

from __future__ import annotations

from itertools import groupby

from unispeech.server.storage.connection import is_storable
from unispeech.server.storage.text_index import Passage
from unispeech.types import Segment, Transcript

LENGTH = 30.0
"""Seconds in which the segments of a passage start. The passages after an edit stay the same."""


def passages_of(transcript: Transcript) -> list[Passage]:
    """Return the passages of a transcript in order. Each ends with the first segment of the next
    one, so that a phrase across the border is found."""
    segments = [s for s in transcript.segments if s.text.strip() and is_storable(s.text)]
    groups = [list(group) for _, group in groupby(segments, lambda s: int(s.start // LENGTH))]
    firsts = [group[0] for group in groups]
    return [_passage([*group, *firsts[n : n + 1]]) for n, group in enumerate(groups, 1)]


def _passage(segments: list[Segment]) -> Passage:
    text, times = "", []
    for segment in segments:
        text += " " if text else ""
        times.append((len(text), segment.start))
        text += segment.text.strip()
    return Passage(text, tuple(times))
