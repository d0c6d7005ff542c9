"""The wire: what requests may hold and answers do hold, for checking and for the document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
    "stream": {"type": "boolean"},
    "chunking_strategy": _STRING,
}  # fmt: skip
_ASR: dict[str, Text] = {"audio_file": _FILE}
_JOB: dict[str, Text] = {
    "file": _FILE,
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


class JobFields(BaseModel):
    """The fields of a job's form besides the file, as values of the right types."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = None
    filename: str | None = None
    backend: str | None = None
    model: str | None = None
    language: str | None = None
    task: Literal["transcribe", "translate"] | None = None
    strategy: Literal["batched", "native"] | None = None
    word_timestamps: bool | None = None
    beam_size: int | None = None
    temperature: float | None = None
    initial_prompt: str | None = Field(None, max_length=4000)
    hotwords: str | None = Field(None, max_length=4000)
    vad: bool | None = None
    vad_threshold: float | None = None
    vad_min_silence: float | None = None
    vad_pad: float | None = None
    batch_size: int | None = None
    chunk_length: float | None = None
    language_per_chunk: bool | None = None
    priority: int = Field(5, ge=0, le=9)
    webhook_id: str | None = None
    email: str | None = Field(None, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")

    def options(self) -> dict[str, Any]:
        """Those that are about transcribing."""
        beside = {"url", "filename", "priority", "webhook_id", "email"}
        return self.model_dump(exclude=beside, exclude_none=True)


class Range(BaseModel):
    """A stretch of a recording to decode again, and how."""

    model_config = ConfigDict(extra="forbid")

    start: float = Field(ge=0, allow_inf_nan=False, description="Seconds.")
    end: float = Field(gt=0, allow_inf_nan=False, description="Seconds.")
    backend: str | None = None
    model: str | None = None
    language: str | None = None
    task: Literal["transcribe", "translate"] | None = None
    strategy: Literal["batched", "native"] | None = None
    word_timestamps: bool | None = None
    beam_size: int | None = None
    temperature: float | None = None
    initial_prompt: str | None = Field(None, max_length=4000)
    hotwords: str | None = Field(None, max_length=4000)

    def options(self) -> dict[str, Any]:
        return self.model_dump(exclude={"start", "end"}, exclude_none=True)


class EditedWord(BaseModel):
    start: float = Field(ge=0, allow_inf_nan=False)
    end: float = Field(ge=0, allow_inf_nan=False)
    word: str
    probability: float = Field(1.0, ge=0, le=1)
    speaker: str | None = None


class EditedSegment(BaseModel):
    """A segment as somebody corrected it."""

    start: float = Field(ge=0, allow_inf_nan=False)
    end: float = Field(ge=0, allow_inf_nan=False)
    text: str = Field(max_length=100_000)
    speaker: str | None = None
    words: list[EditedWord] = []


class Edited(BaseModel):
    """A corrected transcript."""

    segments: list[EditedSegment] = Field(max_length=100_000)


class JobShown(BaseModel):
    """A job. Times are seconds since 1970; durations are seconds of sound."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    filename: str
    backend: str
    model: str
    options: dict[str, Any]
    priority: int
    parent: str | None
    range: list[float | None] | None
    created: float
    started: float | None
    ended: float | None
    duration: float | None = Field(description="Seconds of sound; null until it is known.")
    done: float = Field(description="Seconds of sound that are transcribed.")
    time_left: float | None = Field(description="Seconds until it is done, estimated.")
    position: int | None = Field(description="How many jobs go before this one.")
    error: str | None


class JobList(BaseModel):
    jobs: list[JobShown]
