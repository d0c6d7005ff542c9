"""Rules applied to a transcript, and undone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from unispeech import languages
from unispeech.errors import OptionError
from unispeech.text.rules.substitution import Substitution, substitute
from unispeech.text.rules.text_rules import TextRules
from unispeech.types import Change, Edit, Segment, Transcript

JOINTS = ("", " ", "\n")
"""Strings between the segments of a text."""
UNDETERMINED = "und"
"""ISO 639-3's code for an undetermined language, as of a model that does not name its own."""
TIMEOUT = 30.0
"""Seconds for all segments of a transcript; usual rules take less than a millisecond a segment."""


def apply(transcript: Transcript, rules: TextRules) -> Transcript:
    """Apply rules to every segment and record each change in `Transcript.edits`.

    Segments without text afterwards are left out, and the others numbered again. Times stay, and
    so do turns, gaps and everything else. The first original is kept if rules are applied again.

    Raises:
        OptionError: a rule does not know the language, or a regular expression takes too long.
    """
    rows = rows_of(transcript)
    changed = _all_changed(rows, transcript, rules)
    if all(now is before for (_, now, _), (_, before, _) in zip(changed, rows, strict=True)):
        return transcript
    remaining = [now for _, now, _ in changed if now is not None]
    return replace(
        transcript,
        text=_joined(transcript, remaining),
        segments=tuple(replace(segment, id=n) for n, segment in enumerate(remaining)),
        edits=edits_of(changed),
        original_text=transcript.original_text or transcript.text,
    )


def original(transcript: Transcript) -> Transcript:
    """The transcript before all rules; its segments are numbered in order."""
    if not transcript.edits:
        return transcript
    firsts = (first for first, _, _ in rows_of(transcript))
    return replace(
        transcript,
        text=transcript.original_text,
        segments=tuple(replace(segment, id=n) for n, segment in enumerate(firsts)),
        edits=(),
        original_text="",
    )


Row = tuple[Segment, Segment | None, tuple[Change, ...]]
"""A segment of the original transcript, that of the present one, and the changes in between."""


def reworded(segment: Segment, rules: TextRules, language: str) -> Segment:
    """A segment after the rules; its text is empty if nothing is left.

    Raises:
        OptionError: a rule does not know the language, or a regular expression takes too long.
    """
    _, now, _ = _changed((segment, segment, ()), language, rules)
    return replace(segment, text="", words=()) if now is None else now


def edits_of(rows: Sequence[Row]) -> tuple[Edit, ...]:
    """The record of the rows that rules changed."""
    return tuple(
        Edit(index, first, changes, now is None)
        for index, (first, now, changes) in enumerate(rows)
        if changes
    )


def rows_of(transcript: Transcript) -> list[Row]:
    """The segments of a transcript beside those that it had before all rules."""
    rows: list[Row] = [(segment, segment, ()) for segment in transcript.segments]
    for edit in transcript.edits:
        if edit.removed:
            rows.insert(edit.index, (edit.original, None, edit.changes))
        else:
            rows[edit.index] = (edit.original, rows[edit.index][1], edit.changes)
    return rows


def _all_changed(rows: Sequence[Row], transcript: Transcript, rules: TextRules) -> list[Row]:
    end = time.monotonic() + TIMEOUT
    changed = []
    for row in rows:
        if time.monotonic() > end:
            raise OptionError(
                f"the text rules took more than {TIMEOUT:g} s", "use fewer regular expressions",
                option="replacements",
            )  # fmt: skip
        changed.append(_changed(row, language_of(transcript, row[0]), rules))
    return changed


def _changed(row: Row, language: str, rules: TextRules) -> Row:
    """A row after the rules; the same segment if none of them applies."""
    first, segment, changes = row
    if segment is None:
        return row
    for rule in rules.of(language):
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


def language_of(transcript: Transcript, segment: Segment) -> str:
    """The code of the language that a segment is written in; empty if unknown."""
    return written_language(segment.language or transcript.language, transcript.task)


def written_language(code: str, task: str) -> str:
    """The code of the language of a text, from that of the speech; empty if unknown."""
    if task == "translate":
        return "en"
    return "" if code == UNDETERMINED else languages.iso639_1(code) or code


def _joined(transcript: Transcript, segments: Sequence[Segment]) -> str:
    """The text of segments, joined as the transcript's own text is."""
    texts = [segment.text for segment in transcript.segments]
    for joint in JOINTS:
        if joint.join(texts).strip() == transcript.text.strip():
            return joint.join(segment.text for segment in segments).strip()
    return " ".join(segment.text.strip() for segment in segments)
