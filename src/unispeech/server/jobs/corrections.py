"""A transcript as somebody corrected it, or with a part that was decoded again. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from unispeech.text import timing
from unispeech.types import Gap, Segment, Transcript


def corrected(
    old: Transcript, segments: Sequence[Segment], gaps: Sequence[Gap] | None = None
) -> Transcript:
    """The transcript with these segments in the place of its own.

    Words follow the text (`timing.respelled`). Without `gaps`, those stay that no changed segment
    covers by more than half.
    """
    known = {(s.start, s.end, s.text, s.speaker) for s in old.segments}
    changed = [s for s in segments if (s.start, s.end, s.text, s.speaker) not in known]
    if gaps is None:
        gaps = [gap for gap in old.gaps if _covered(gap, changed) <= (gap.end - gap.start) / 2]
    return _whole(old, map(_spelled, segments), gaps)


def merged(whole: Transcript, part: Transcript, start: float, end: float) -> Transcript:
    """The transcript with what was decoded again in the place of what it has there.

    A new segment is said by whoever said most of what was there.
    """
    before, rest = _parted(whole, start, end)
    fresh = [replace(s, speaker=s.speaker or _speaker(s, before)) for s in part.segments]
    gaps = [gap for gap in whole.gaps if not _inside(gap, start, end)]
    return _whole(whole, [*rest, *fresh], [*gaps, *part.gaps])


def digest(whole: Transcript, start: float, end: float) -> str:
    """A digest of what the transcript has in a range: another one when somebody changed it."""
    before, _ = _parted(whole, start, end)
    return hashlib.sha256(repr([(s.start, s.end, s.text) for s in before]).encode()).hexdigest()


def _whole(old: Transcript, segments: Iterable[Segment], gaps: Iterable[Gap]) -> Transcript:
    in_order = sorted(segments, key=lambda segment: (segment.start, segment.end))
    numbered = tuple(replace(segment, id=number) for number, segment in enumerate(in_order))
    text = "".join(segment.text for segment in numbered).strip()
    by_time = tuple(sorted(gaps, key=lambda gap: gap.start))
    return replace(old, segments=numbered, text=text, gaps=by_time)


def _parted(whole: Transcript, start: float, end: float) -> tuple[list[Segment], list[Segment]]:
    within = [segment for segment in whole.segments if _inside(segment, start, end)]
    return within, [segment for segment in whole.segments if not _inside(segment, start, end)]


def _inside(span: Segment | Gap, start: float, end: float) -> bool:
    return start <= (span.start + span.end) / 2 < end


def _covered(gap: Gap, segments: Iterable[Segment]) -> float:
    return sum(max(0.0, min(gap.end, s.end) - max(gap.start, s.start)) for s in segments)


def _speaker(segment: Segment, before: Sequence[Segment]) -> str | None:
    said: dict[str | None, float] = {}
    for old in before:
        common = min(segment.end, old.end) - max(segment.start, old.start)
        if common > 0:
            said[old.speaker] = said.get(old.speaker, 0.0) + common
    return max(said, key=lambda speaker: said[speaker]) if said else None


def _spelled(segment: Segment) -> Segment:
    if not segment.words:
        return segment
    words = timing.respelled(segment.text, segment.words, segment.start, segment.end)
    return replace(segment, words=words)
