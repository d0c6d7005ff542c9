"""The forms that we read ourselves, for the document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

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
_FORMS: dict[str, tuple[dict[str, Text], list[str]]] = {
    "Transcription": (_TRANSCRIPTION, ["file", "model"]),
    "Translation": (_TRANSLATION, ["file", "model"]),
    "Asr": (_ASR, ["audio_file"]),
}


def form_body(name: str) -> dict[str, Any]:
    """The OpenAPI text of a form that we read ourselves (it streams to disk)."""
    properties, required = _FORMS[name]
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return _body({**schema, "required": required})


def model_body(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI text of a form whose fields besides the file are those of a model."""
    schema = model.model_json_schema()
    return _body({**schema, "properties": {"file": _FILE, **schema["properties"]}})


def _body(schema: Text) -> dict[str, Any]:
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
