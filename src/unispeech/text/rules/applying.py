"""Rules applied to a transcript, and undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unispeech import languages
from unispeech.text.rules.substitution import Substitution, substitute
from unispeech.text.rules.text_rules import TextRules
from unispeech.types import Change, Edit, Segment, Transcript

JOINTS = ("", " ", "\n")
"""Strings between the segments of a text."""


def apply(transcript: Transcript, rules: TextRules) -> Transcript:
    """Apply rules to every segment and record each change in `Transcript.edits`.

    Segments without text afterwards are left out, and the others numbered again. Times stay, and
    so do turns, gaps and everything else. The first original is kept if rules are applied again.

    Raises:
        OptionError: a rule does not know the language, or a regular expression takes too long.
    """
    rows = _rows(transcript)
    changed = [_changed(row, transcript, rules) for row in rows]
    if all(now is before for (_, now, _), (_, before, _) in zip(changed, rows, strict=True)):
        return transcript
    edited = tuple(
        Edit(index, first, changes, now is None)
        for index, (first, now, changes) in enumerate(changed)
        if changes
    )
    remaining = [now for _, now, _ in changed if now is not None]
    return replace(
        transcript,
        text=_joined(transcript, remaining),
        segments=tuple(replace(segment, id=n) for n, segment in enumerate(remaining)),
        edits=edited,
        original_text=transcript.original_text if transcript.edits else transcript.text,
    )


def original(transcript: Transcript) -> Transcript:
    """The transcript before all rules; its segments are numbered in order."""
    if not transcript.edits:
        return transcript
    firsts = (first for first, _, _ in _rows(transcript))
    return replace(
        transcript,
        text=transcript.original_text,
        segments=tuple(replace(segment, id=n) for n, segment in enumerate(firsts)),
        edits=(),
        original_text="",
    )


_Row = tuple[Segment, Segment | None, tuple[Change, ...]]
"""A segment of the original transcript, that of the present one, and the changes in between."""


def _rows(transcript: Transcript) -> list[_Row]:
    rows: list[_Row] = [(segment, segment, ()) for segment in transcript.segments]
    for edit in transcript.edits:
        if edit.removed:
            rows.insert(edit.index, (edit.original, None, edit.changes))
        else:
            rows[edit.index] = (edit.original, rows[edit.index][1], edit.changes)
    return rows


def _changed(row: _Row, transcript: Transcript, rules: TextRules) -> _Row:
    """A row after the rules; the same segment if none of them applies."""
    first, segment, changes = row
    if segment is None:
        return row
    for rule in rules.of(_language(transcript, segment)):
        found = [
            change
            for change in rule.find(segment.text)
            if segment.text[change.start : change.end] != change.text
        ]
        if found:
            changes += tuple(_change(rule.name, segment.text, change) for change in found)
            segment = substitute(segment, found)
            if not segment.text.strip():
                return first, None, changes
    return first, segment, changes


def _change(rule: str, text: str, change: Substitution) -> Change:
    return Change(rule, text[change.start : change.end].strip(), change.text.strip())


def _language(transcript: Transcript, segment: Segment) -> str:
    """The code of the language that a segment is written in; empty if unknown."""
    if transcript.task == "translate":
        return "en"
    code = segment.language or transcript.language
    return languages.iso639_1(code) or code


def _joined(transcript: Transcript, segments: Sequence[Segment]) -> str:
    """The text of segments, joined as the transcript's own text is."""
    texts = [segment.text for segment in transcript.segments]
    for joint in JOINTS:
        if joint.join(texts).strip() == transcript.text.strip():
            return joint.join(segment.text for segment in segments).strip()
    return " ".join(segment.text.strip() for segment in segments)
