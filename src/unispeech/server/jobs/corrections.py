"""Edits of transcripts by users and by re-decoded ranges. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from unispeech.text import timing
from unispeech.text.rules.applying import Row, edits_of, rows_of
from unispeech.types import Gap, Segment, Transcript


def correct(
    old: Transcript, segments: Sequence[Segment], gaps: Sequence[Gap] | None = None
) -> Transcript:
    """Return the transcript with its segments replaced.

    Words are aligned with the new text (`timing.respelled`). Without `gaps`, a gap is kept unless
    changed segments cover more than half of it. The record of text rules stays with segments whose
    times stay; `original_text` is kept in any case.
    """
    unchanged = {(s.start, s.end, s.text, s.speaker) for s in old.segments}
    changed = [s for s in segments if (s.start, s.end, s.text, s.speaker) not in unchanged]
    if gaps is None:
        gaps = [gap for gap in old.gaps if _covered(gap, changed) <= (gap.end - gap.start) / 2]
    rows = rows_of(old)
    records = {(now.start, now.end): row for row in rows if (now := row[1]) and row[2]}
    new = [_edited(segment, records) for segment in map(_with_aligned_words, segments)]
    removed = [row for row in rows if row[1] is None]
    return _rebuilt(old, [*new, *removed], gaps, old.original_text)


def _edited(segment: Segment, records: dict[tuple[float, float], Row]) -> Row:
    """An edited segment beside what it was before text rules, which is taken from `records`."""
    first, _, changes = records.pop((segment.start, segment.end), (segment, segment, ()))
    return first, segment, changes


def merge(whole: Transcript, part: Transcript, start: float, end: float) -> Transcript:
    """Return the transcript with the range from `start` to `end` replaced by `part`.

    A new segment without a speaker gets the one who spoke longest there before.
    """
    replaced = _inside(whole, start, end)
    rest = [row for row in rows_of(whole) if not _is_inside(row[0], start, end)]
    new = [
        (_with_speaker(first, replaced), now and _with_speaker(now, replaced), changes)
        for first, now, changes in rows_of(part)
    ]
    gaps = [gap for gap in whole.gaps if not _is_inside(gap, start, end)]
    rows = [*rest, *new]
    rows.sort(key=lambda row: (row[0].start, row[0].end))
    before = "".join(first.text for first, _, _ in rows).strip()
    return _rebuilt(whole, rows, [*gaps, *part.gaps], before if edits_of(rows) else "")


def replaced(old: Transcript, new: Transcript) -> Transcript:
    """Return the transcript of a second run over the whole recording. Without speakers of its own
    it gets those of the old transcript, by time."""
    if any(segment.speaker for segment in new.segments):
        return new
    named = [replace(s, speaker=_main_speaker(s, old.segments)) for s in new.segments]
    return replace(new, segments=tuple(named))


def digest(whole: Transcript, start: float, end: float) -> str:
    """Return a digest of a range's segments, to detect whether they have been edited."""
    inside = [(s.start, s.end, s.text) for s in _inside(whole, start, end)]
    return hashlib.sha256(repr(inside).encode()).hexdigest()


def _rebuilt(
    old: Transcript, rows: Iterable[Row], gaps: Iterable[Gap], original_text: str
) -> Transcript:
    ordered = sorted(rows, key=lambda row: (row[0].start, row[0].end))
    in_order = [now for _, now, _ in ordered if now is not None]
    numbered = tuple(replace(segment, id=number) for number, segment in enumerate(in_order))
    text = "".join(segment.text for segment in numbered).strip()
    by_time = tuple(sorted(gaps, key=lambda gap: gap.start))
    return replace(
        old, segments=numbered, text=text, gaps=by_time, edits=edits_of(ordered),
        original_text=original_text,
    )  # fmt: skip


def _inside(whole: Transcript, start: float, end: float) -> list[Segment]:
    return [segment for segment in whole.segments if _is_inside(segment, start, end)]


def _with_speaker(segment: Segment, replaced: Sequence[Segment]) -> Segment:
    return replace(segment, speaker=segment.speaker or _main_speaker(segment, replaced))


def _is_inside(span: Segment | Gap, start: float, end: float) -> bool:
    return start <= (span.start + span.end) / 2 < end


def _covered(gap: Gap, segments: Iterable[Segment]) -> float:
    return sum(max(0.0, min(gap.end, s.end) - max(gap.start, s.start)) for s in segments)


def _main_speaker(segment: Segment, replaced: Sequence[Segment]) -> str | None:
    seconds: dict[str | None, float] = {}
    for old in replaced:
        common = min(segment.end, old.end) - max(segment.start, old.start)
        if common > 0:
            seconds[old.speaker] = seconds.get(old.speaker, 0.0) + common
    return max(seconds, key=lambda speaker: seconds[speaker]) if seconds else None


def _with_aligned_words(segment: Segment) -> Segment:
    if not segment.words:
        return segment
    words = timing.respelled(segment.text, segment.words, segment.start, segment.end)
    return replace(segment, words=words)
