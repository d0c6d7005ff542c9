"""JSON: the whole transcript as an object, or a segment per line.

The fields are openai-whisper's (whisper/utils.py), and more.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from unispeech.text.formats.base import Details
from unispeech.text.formats.plain import language
from unispeech.text.subtitles import Layout
from unispeech.types import Edit, Segment, Transcript, Word


def to_json(transcript: Transcript, layout: Layout, details: Details) -> str:
    return json.dumps(as_dict(transcript), ensure_ascii=False, indent=2) + "\n"


def jsonl(transcript: Transcript, layout: Layout, details: Details) -> str:
    """A segment per line, each with its language."""
    rows = [
        segment_dict(segment) | {"language": language(segment, transcript)}
        for segment in transcript.segments
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_dict(transcript: Transcript) -> dict[str, Any]:
    """The JSON object of a transcript. Empty `turns`, `gaps`, `warnings` and `edits` are left out.

    If the transcript has several languages, `languages` lists them, and each segment has its own.
    """
    several = len(transcript.original.languages) > 1
    fields: dict[str, Any] = {
        "text": transcript.text,
        "language": transcript.language,
        "duration": transcript.duration,
        "segments": [
            segment_dict(segment) | ({"language": segment.language} if several else {})
            for segment in transcript.segments
        ],
        "backend": transcript.backend,
        "model": transcript.model,
    }
    optional: dict[str, list[Any]] = {
        "languages": list(transcript.languages) if several else [],
        "turns": [asdict(turn) for turn in transcript.turns],
        "gaps": [asdict(gap) for gap in transcript.gaps],
        "warnings": list(transcript.warnings),
        "edits": [_edit(edit, several) for edit in transcript.edits],
    }
    if transcript.original_text:
        fields["original_text"] = transcript.original_text
    return fields | {name: values for name, values in optional.items() if values}


def _edit(edit: Edit, several: bool) -> dict[str, Any]:
    language = edit.original.language if several else None
    return {
        "index": edit.index,
        "removed": edit.removed,
        "changes": [asdict(change) for change in edit.changes],
        "original": segment_dict(edit.original) | ({"language": language} if language else {}),
    }


def segment_dict(segment: Segment) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": segment.id,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "words": [_word(word) for word in segment.words],
        "avg_logprob": segment.avg_logprob,
        "no_speech_prob": segment.no_speech_prob,
    }
    if segment.speaker:
        fields["speaker"] = segment.speaker
    return fields


def _word(word: Word) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "start": word.start,
        "end": word.end,
        "word": word.word,
        "probability": round(word.probability, 4),
    }
    if word.characters:
        fields["characters"] = [[c.start, c.end, c.word] for c in word.characters]
    if word.phones:
        fields["phones"] = [[p.start, p.end, p.word] for p in word.phones]
    if word.timed_by:
        fields["timed_by"] = word.timed_by
    if word.confidence is not None:
        fields["confidence"] = round(word.confidence, 3)
    if word.speaker:
        fields["speaker"] = word.speaker
    return fields
