"""Columns of the records and of the errors, in JSON lines and in Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from unispeech.corpus.rows import Row
from unispeech.errors import UnispeechError
from unispeech.types import Segment, Transcript

if TYPE_CHECKING:
    import pyarrow

Columns: TypeAlias = "Mapping[str, str | Columns]"
"""The type of each column; a mapping is a list of structs."""

WORD: Columns = {
    "start": "double", "end": "double", "word": "string", "probability": "double",
}  # fmt: skip
SEGMENT: Columns = {
    "start": "double", "end": "double", "text": "string", "language": "string",
    "speaker": "string", "avg_logprob": "double", "no_speech_prob": "double", "words": WORD,
}  # fmt: skip
RECORDS: Columns = {
    "row": "int64", "id": "string", "audio": "string", "start": "double", "duration": "double",
    "text": "string", "original_text": "string", "language": "string",
    "language_probability": "double", "segments": SEGMENT,
    "gaps": {"start": "double", "end": "double", "reason": "string"}, "warnings": "strings",
    "complete": "bool", "seconds": "double", "backend": "string", "model": "string",
}  # fmt: skip
"""`start` is where the row's part begins in its recording, and all times count from the start of
the recording; `duration` is the length of the part that was read. `original_text` is that before
text rules changed it, or empty. `seconds` is the time from the
row before it to this one, so their sum is that of the run."""
ERRORS: Columns = {
    "row": "int64", "id": "string", "audio": "string", "start": "double", "code": "string",
    "error": "string",
}  # fmt: skip


def record(row: Row, transcript: Transcript, seconds: float) -> dict[str, Any]:
    """The record of a transcribed row, whose times count from the start of the recording."""
    return {
        "row": row.number,
        "id": row.id,
        "audio": row.audio,
        "start": row.start,
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
        "original_text": transcript.original_text,
        "language": transcript.language,
        "language_probability": transcript.language_probability,
        "segments": [_segment(segment) for segment in transcript.segments],
        "gaps": [{"start": g.start, "end": g.end, "reason": g.reason} for g in transcript.gaps],
        "warnings": list(transcript.warnings),
        "complete": transcript.complete,
        "seconds": round(seconds, 4),
        "backend": transcript.backend,
        "model": transcript.model,
    }


def error(row: Row, problem: UnispeechError) -> dict[str, Any]:
    """The record of a failed row."""
    return {
        "row": row.number,
        "id": row.id,
        "audio": row.audio,
        "start": row.start,
        "code": problem.code,
        "error": str(problem),
    }


def arrow(columns: Columns) -> pyarrow.Schema:
    """The columns as a schema of Parquet."""
    import pyarrow

    return pyarrow.schema([(name, _type(kind)) for name, kind in columns.items()])


def _type(kind: str | Columns) -> Any:
    import pyarrow

    if kind == "strings":
        return pyarrow.list_(pyarrow.string())
    if isinstance(kind, str):
        return pyarrow.type_for_alias(kind)
    return pyarrow.list_(pyarrow.struct([(name, _type(part)) for name, part in kind.items()]))


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "language": segment.language,
        "speaker": segment.speaker,
        "avg_logprob": segment.avg_logprob,
        "no_speech_prob": segment.no_speech_prob,
        "words": [
            {"start": w.start, "end": w.end, "word": w.word, "probability": w.probability}
            for w in segment.words
        ],
    }
