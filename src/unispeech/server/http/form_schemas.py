"""The forms that we read ourselves, for the document."""

from __future__ import annotations

from typing import Any

Text = dict[str, Any]
_STRING: Text = {"type": "string"}
_NUMBER: Text = {"type": "number"}
_STRINGS: Text = {"type": "array", "items": {"type": "string"}}
_FILE: Text = {"type": "string", "format": "binary"}

_TRANSLATION: dict[str, Text] = {
    "file": _FILE,
    "model": _STRING,
    "prompt": _STRING,
    "response_format": {
        "type": "string", "enum": ["json", "text", "srt", "verbose_json", "vtt"],
    },
    "temperature": {"type": "number", "minimum": 0, "maximum": 1},
}  # fmt: skip
_TRANSCRIPTION: dict[str, Text] = {
    **_TRANSLATION,
    "language": _STRING,
    "languages[]": _STRINGS,
    "keywords[]": _STRINGS,
    "timestamp_granularities[]": {
        "type": "array", "items": {"type": "string", "enum": ["word", "segment"]},
    },
    "response_format": {
        "type": "string",
        "enum": ["json", "text", "srt", "verbose_json", "vtt", "diarized_json"],
    },
    "stream": {"type": "boolean"},
    "chunking_strategy": _STRING,
}  # fmt: skip
_ASR: dict[str, Text] = {"audio_file": _FILE}
_JOB: dict[str, Text] = {
    "file": _FILE,
    "upload": _STRING,
    "url": {"type": "string", "format": "uri"},
    "filename": _STRING,
    "backend": _STRING,
    "model": _STRING,
    "language": _STRING,
    "task": {"type": "string", "enum": ["transcribe", "translate"]},
    "strategy": {"type": "string", "enum": ["batched", "native"]},
    "word_timestamps": {"type": "boolean"},
    "beam_size": {"type": "integer", "minimum": 1, "maximum": 100},
    "temperature": _NUMBER,
    "initial_prompt": _STRING,
    "hotwords": _STRING,
    "vad": {"type": "boolean"},
    "vad_threshold": _NUMBER,
    "vad_min_silence": _NUMBER,
    "vad_pad": _NUMBER,
    "batch_size": {"type": "integer", "minimum": 1},
    "chunk_length": _NUMBER,
    "language_per_chunk": {"type": "boolean"},
    "speakers": {"type": "boolean"},
    "min_speakers": {"type": "integer", "minimum": 1, "maximum": 1000},
    "max_speakers": {"type": "integer", "minimum": 1, "maximum": 1000},
    "priority": {"type": "integer", "minimum": 0, "maximum": 9},
    "webhook_id": _STRING,
    "email": _STRING,
}
_FORMS: dict[str, tuple[dict[str, Text], list[str]]] = {
    "Transcription": (_TRANSCRIPTION, ["file", "model"]),
    "Translation": (_TRANSLATION, ["file", "model"]),
    "Asr": (_ASR, ["audio_file"]),
    "Job": (_JOB, []),
}


def form_body(name: str) -> dict[str, Any]:
    """The OpenAPI text of a form that we read ourselves (it streams to disk)."""
    properties, required = _FORMS[name]
    schema: Text = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
