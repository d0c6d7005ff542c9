"""Schemas of the forms that the service parses itself, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def _field(type: str, description: str, **more: Any) -> Schema:
    return {"type": type, "description": description, **more}


def _list(description: str, **items: Any) -> Schema:
    return _field("array", description, items={"type": "string", **items})


_FILE = _field("string", "Audio or video file, in any format.", format="binary")
_FORMATS = ["json", "text", "srt", "verbose_json", "vtt"]
_TRANSLATION: dict[str, Schema] = {
    "file": _FILE,
    "model": _field("string", "Name of a model; `whisper-1` is the server's default."),
    "prompt": _field("string", "Text that precedes the recording."),
    "response_format": _field("string", "Format of the response.", enum=_FORMATS),
    "temperature": _field(
        "number", "Sampling temperature; 0 uses the fallback ladder.", minimum=0, maximum=1
    ),
}
_TRANSCRIPTION: dict[str, Schema] = {
    **_TRANSLATION,
    "language": _field("string", "Language code; default: detected."),
    "languages[]": _list("The language, in OpenAI's newer form; at most one."),
    "keywords[]": _list("Names and words that are likely to occur."),
    "timestamp_granularities[]": _list(
        "Times in `verbose_json`: of words, segments or both.", enum=["word", "segment"]
    ),
    "response_format": _field(
        "string", "Format of the response.", enum=[*_FORMATS, "diarized_json"]
    ),
    "include[]": _list(
        "`logprobs`: log probabilities of the words, with `json`.", enum=["logprobs"]
    ),
    "stream": _field("boolean", "Send the text as server-sent events while it is decoded."),
    "chunking_strategy": _field("string", "`auto`, or an object of `server_vad` as JSON."),
}
_INFERENCE: dict[str, Schema] = {
    "file": _FILE,
    "language": _field("string", "Language code; default or `auto`: detected."),
    "translate": _field("boolean", "Translate into English."),
    "prompt": _field("string", "Text that precedes the recording."),
    "response_format": _field("string", "Format of the response.", enum=_FORMATS),
    "temperature": _field("number", "Sampling temperature; 0 uses the fallback ladder."),
    "beam_size": _field("integer", "Beams; -1: the default."),
    "offset_t": _field("integer", "Start in milliseconds."),
    "duration": _field("integer", "Length in milliseconds; 0: to the end."),
    "offset_n": _field("integer", "Added to the numbers of `srt`."),
    "no_timestamps": _field("boolean", "Leave the times out of `verbose_json`."),
    "token_timestamps": _field("boolean", "Add the times of words to `verbose_json`."),
    "vad": _field("boolean", "Use the numbers of `vad_threshold` and so on."),
}
_LOAD: dict[str, Schema] = {
    "model": _field("string", "Name of a model, or a path that ends in `ggml-NAME.bin`.")
}
_ASR: dict[str, Schema] = {"audio_file": _FILE}
_FORMS: dict[str, tuple[dict[str, Schema], list[str]]] = {
    "Transcription": (_TRANSCRIPTION, ["file", "model"]),
    "Translation": (_TRANSLATION, ["file", "model"]),
    "Asr": (_ASR, ["audio_file"]),
    "Inference": (_INFERENCE, ["file"]),
    "Load": (_LOAD, ["model"]),
}


def form_body(name: str) -> dict[str, Any]:
    """Return the `requestBody` of a form that is parsed by hand, because it streams to disk."""
    properties, required = _FORMS[name]
    return _body({"type": "object", "properties": properties, "required": required})


def model_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `requestBody` of a form with a file and the fields of a model."""
    schema = model.model_json_schema()
    return _body({**schema, "properties": {"file": _FILE, **schema["properties"]}})


def _body(schema: Schema) -> dict[str, Any]:
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
