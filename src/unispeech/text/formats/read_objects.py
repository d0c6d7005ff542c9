"""Readers of transcripts in JSON, our own and those of other tools."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from unispeech.errors import OptionError
from unispeech.types import Change, Edit, Gap, Segment, Transcript, Turn, Word


def read_json(text: str, name: str) -> Transcript:
    """Read a transcript as `json` writes it, or that of openai-whisper, whisperX or OpenAI.

    Raises:
        OptionError: it is no JSON, or not of a transcript; the message has the place.
    """
    document = _loaded(text, name, 0)
    rows = document.get("segments")
    if not isinstance(rows, list):
        raise OptionError(f"{name}: no list of segments", "give a transcript in JSON")
    segments = tuple(
        _segment(row, number, f"{name}: segment {number + 1}") for number, row in enumerate(rows)
    )
    spoken = "".join(segment.text for segment in segments).strip()
    place = f"{name}: the transcript"
    return Transcript(
        text=_text(document, "text", place, spoken),
        language=_text(document, "language", place),
        duration=_number(document, "duration", place, max((s.end for s in segments), default=0.0)),
        segments=segments,
        backend=_text(document, "backend", place),
        model=_text(document, "model", place),
        gaps=tuple(
            Gap(*_span(row, f"{name}: gap {number}"), str(row.get("reason", "")))
            for number, row in enumerate(_list(document, "gaps", place), 1)
        ),
        warnings=tuple(str(line) for line in document.get("warnings") or ()),
        turns=tuple(
            Turn(*_span(row, f"{name}: turn {number}"), str(row.get("speaker", "")))
            for number, row in enumerate(_list(document, "turns", place), 1)
        ),
        source=name,
        edits=_edits(document, len(segments), place),
        original_text=_text(document, "original_text", place),
    )


def read_jsonl(text: str, name: str) -> Transcript:
    """Read a segment per line.

    Raises:
        OptionError: a line is malformed; the message has its number.
    """
    segments: list[Segment] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            row = _loaded(line, name, number)
            segments.append(_segment(row, len(segments), f"{name}: line {number}"))
    languages = [segment.language for segment in segments if segment.language]
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=languages[0] if languages else "",
        duration=max((segment.end for segment in segments), default=0.0),
        segments=tuple(segments),
        backend="",
        model="",
        source=name,
    )


def _edits(document: Mapping[str, Any], count: int, place: str) -> tuple[Edit, ...]:
    """Read the changes of a transcript that has `count` segments now."""
    edits: list[Edit] = []
    for number, part in enumerate(_list(document, "edits", place), 1):
        where = f"{place}, edit {number}"
        edit = _object(part, where)
        index, removed = edit.get("index"), edit.get("removed") is True
        count += removed
        least = edits[-1].index + 1 if edits else 0
        if isinstance(index, bool) or not isinstance(index, int) or not least <= index < count:
            raise OptionError(f"{where}: index is {index!r}, not that of a segment")
        changes = (_object(row, where) for row in _list(edit, "changes", where))
        edits.append(
            Edit(
                index,
                _segment(edit.get("original"), index, f"{where}, original"),
                tuple(
                    Change(*(_text(change, key, where) for key in ("rule", "before", "after")))
                    for change in changes
                ),
                removed,
            )
        )
    return tuple(edits)


def _loaded(text: str, name: str, line: int) -> Mapping[str, Any]:
    """One JSON object. `line` is its line, or 0 if the text is the whole file."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{name}: line {line or error.lineno}, column {error.colno}"
        raise OptionError(f"{place}: no JSON ({error.msg})") from None
    except RecursionError:
        raise OptionError(f"{name}: the JSON is nested too deeply") from None
    if not isinstance(value, dict):
        raise OptionError(f"{name}: line {line or 1} is no JSON object", "give a transcript")
    return value


def _segment(row: object, number: int, place: str) -> Segment:
    fields = _object(row, place)
    start, end = _span(fields, place)
    words = enumerate(_list(fields, "words", place), 1)
    if "text" not in fields:
        raise OptionError(f"{place} has no text", "give start, end and text")
    return Segment(
        id=number,
        start=start,
        end=end,
        text=_text(fields, "text", place),
        words=tuple(
            word for n, row in words if (word := _read_word(row, f"{place}, word {n}")) is not None
        ),
        avg_logprob=_number(fields, "avg_logprob", place, 0.0),
        no_speech_prob=_number(fields, "no_speech_prob", place, 0.0),
        speaker=_text(fields, "speaker", place) or None,
        language=_text(fields, "language", place) or None,
    )


def _read_word(row: object, place: str) -> Word | None:
    """A word; None for one that whisperX could not align, which has no times."""
    fields = _object(row, place)
    if "start" not in fields and "end" not in fields and "word" in fields:
        return None
    start, end = _span(fields, place)
    confidence = fields.get("confidence")
    return Word(
        start=start,
        end=end,
        word=_text(fields, "word", place),
        probability=_number(fields, "probability", place, _number(fields, "score", place, 1.0)),
        speaker=_text(fields, "speaker", place) or None,
        characters=_parts(fields, "characters", place),
        timed_by=_text(fields, "timed_by", place),
        confidence=None if confidence is None else _number(fields, "confidence", place, 0.0),
        phones=_parts(fields, "phones", place),
    )


def _parts(fields: Mapping[str, Any], key: str, place: str) -> tuple[Word, ...]:
    probability = _number(fields, "probability", place, 1.0)
    try:
        return tuple(
            Word(float(start), float(end), str(text), probability)
            for start, end, text in _list(fields, key, place)
        )
    except (TypeError, ValueError):
        raise OptionError(f"{place}: {key} are not [start, end, text]") from None


def _span(row: object, place: str) -> tuple[float, float]:
    fields = _object(row, place)
    for key in ("start", "end"):
        if key not in fields:
            raise OptionError(f"{place} has no {key}", "give seconds")
    start, end = _number(fields, "start", place, 0.0), _number(fields, "end", place, 0.0)
    if end < start:
        raise OptionError(f"{place}: the end {end:g} s is before the start {start:g} s")
    return start, end


def _object(row: object, place: str) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise OptionError(f"{place} is no object", "give a transcript in JSON")
    return row


def _list(fields: Mapping[str, Any], key: str, place: str) -> list[Any]:
    value = fields.get(key) or []
    if not isinstance(value, list):
        raise OptionError(f"{place}: {key} is no list")
    return value


def _number(fields: Mapping[str, Any], key: str, place: str, default: float) -> float:
    value = fields.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise OptionError(f"{place}: {key} is {value!r}, not a number")
    return float(value)


def _text(fields: Mapping[str, Any], key: str, place: str, default: str = "") -> str:
    value = fields.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise OptionError(f"{place}: {key} is {value!r}, not a text")
    return value
