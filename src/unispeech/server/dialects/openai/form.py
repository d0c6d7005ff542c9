"""Forms of OpenAI's audio routes. Parameters of OpenAI that the server cannot honour and duplicate
fields are rejected with an error that names them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from unispeech.errors import UnispeechError
from unispeech.server.dialects.openai import extra_fields
from unispeech.server.http.error_responses import RequestError
from unispeech.server.service import Service
from unispeech.server.speech.speech import SpeechRequest

TRANSCRIPTION_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
TRANSLATION_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")

ARRAYS = ("timestamp_granularities", "include", "languages", "keywords", "known_speaker_names",
          "known_speaker_references")  # fmt: skip
SINGLE = ("file", "model", "language", "prompt", "response_format", "temperature", "stream",
         "chunking_strategy")  # fmt: skip
AZURE_WHISPER = "whisper"
"""Azure's name of `whisper-1`, and the usual name of its deployment."""
FIELDS = {
    "initial_prompt": "prompt",
    "hotwords": "keywords",
    "word_timestamps": "timestamp_granularities",
    "vad_threshold": "chunking_strategy[threshold]",
    "vad_pad": "chunking_strategy[prefix_padding_ms]",
    "vad_min_silence": "chunking_strategy[silence_duration_ms]",
}
"""OpenAI's field names, by option."""
BOOLEANS = {"": False, "false": False, "0": False, "true": True, "1": True}


@dataclass(frozen=True, slots=True)
class TranscriptionForm:
    """Parsed and checked form."""

    speech_request: SpeechRequest
    format: str
    granularities: frozenset[str]
    stream: bool
    has_logprobs: bool
    ignored: tuple[str, ...]
    """Names of the fields without effect."""

    @property
    def wants_words(self) -> bool:
        return "word" in self.granularities

    @property
    def is_diarized(self) -> bool:
        return self.format == "diarized_json"


def parse(
    service: Service, fields: FormData, task: str, deployment: str | None = None
) -> TranscriptionForm:
    """Parse and check a form. `deployment` is the model in Azure's path.

    Raises:
        RequestError: a field is repeated, wrong or not supported.
        UnispeechError: see `Speech.make_request`.
    """
    single, repeated, unknown = _split(fields, task)
    format = single.get("response_format") or "json"
    granularities = frozenset(repeated.get("timestamp_granularities", ()))
    _check(format, granularities, repeated, task)
    extra = extra_fields.read(unknown, task)
    ignored = list(extra.ignored)
    if granularities and format != "verbose_json":  # as OpenAI does
        ignored.append("timestamp_granularities")
        granularities = frozenset()
    if format == "verbose_json" and extra.options.get("word_timestamps"):
        granularities |= {"word", "segment"}
    stream = _boolean("stream", single)
    if stream and format in ("srt", "vtt"):
        raise _invalid("stream", "true", f"{format} cannot be streamed")
    has_logprobs = "logprobs" in repeated.get("include", ())
    options: dict[str, Any] = {
        "task": extra.options.get("task", task),
        "language": _language(single, repeated),
        "initial_prompt": single.get("prompt") or None,
        "hotwords": ", ".join(repeated.get("keywords", ())) or None,
        "temperature": _temperature(single.get("temperature")),
        "word_timestamps": "word" in granularities or has_logprobs or None,
        "diarize": format == "diarized_json" or None,
        **_chunking(fields),
    }
    more = {n: v for n, v in extra.options.items() if n not in ("task", "word_timestamps")}
    if "word_timestamps" in extra.options and format != "verbose_json":
        ignored.append("word_timestamps")
    model = deployment or single.get("model")
    model = None if model == AZURE_WHISPER else model
    try:
        request, without_effect = extra_fields.make_request(service, model, options, more)
    except UnispeechError as error:
        names = FIELDS | ({"word_timestamps": "include"} if has_logprobs else {})
        error.option = names.get(error.option, error.option)
        raise
    return TranscriptionForm(
        request, format, granularities, stream, has_logprobs, (*ignored, *without_effect)
    )


def _check(
    format: str, granularities: frozenset[str], repeated: Mapping[str, list[str]], task: str
) -> None:
    allowed = TRANSCRIPTION_FORMATS if task == "transcribe" else TRANSLATION_FORMATS
    if format not in allowed:
        raise _invalid("response_format", format, f"use one of {', '.join(allowed)}")
    if granularities - {"word", "segment"}:
        raise _invalid("timestamp_granularities", ", ".join(granularities), "use word or segment")
    include = set(repeated.get("include", ()))
    if include - {"logprobs"}:
        raise _invalid("include", ", ".join(sorted(include)), "use logprobs")
    if include and format != "json":
        raise _invalid("response_format", format, "include[]=logprobs needs json")
    for name in ("known_speaker_names", "known_speaker_references"):
        if repeated.get(name):
            raise RequestError(
                400,
                f"{name}: this server separates speakers but does not recognise them",
                "leave it out; speakers are called A, B and so on",
                param=name,
                code="unsupported_parameter",
            )


def _split(
    fields: FormData, task: str
) -> tuple[dict[str, str], dict[str, list[str]], dict[str, str]]:
    """Return single, repeated and unknown fields. OpenAI's client writes `name[]`, curl users
    `name`."""
    single: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    unknown: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in fields.multi_items():
        base = name.removesuffix("[]")
        if base in ARRAYS and task == "transcribe":
            repeated.setdefault(base, []).append(str(value))
        elif name in SINGLE or base.startswith("chunking_strategy["):
            if name in seen:
                raise RequestError(
                    400, f"{name} is sent more than once", "send it once",
                    param=name, code="invalid_value",
                )  # fmt: skip
            seen.add(name)
            if isinstance(value, str):
                single[name] = value
        else:
            unknown[name] = value if isinstance(value, str) else ""
    return single, repeated, unknown


def _invalid(param: str, value: str, hint: str) -> RequestError:
    return RequestError(400, f"{param} is {value[:100]!r}", hint, param=param, code="invalid_value")


def _boolean(name: str, single: Mapping[str, str]) -> bool:
    text = single.get(name, "")
    if text.lower() not in BOOLEANS:
        raise _invalid(name, text, "use true or false")
    return BOOLEANS[text.lower()]


def _language(single: Mapping[str, str], repeated: Mapping[str, list[str]]) -> str | None:
    languages = repeated.get("languages", [])
    if len(languages) > 1:
        raise _invalid("languages", ", ".join(languages), "send one, or none to detect it")
    return single.get("language") or (languages[0] if languages else None)


def _temperature(text: str | None) -> float | None:
    """Return the temperature; None for 0, by which OpenAI means the fallback ladder."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise _invalid("temperature", text, "use a number from 0 to 1") from None
    if not 0 <= value <= 1:
        raise _invalid("temperature", text, "use a number from 0 to 1")
    return value or None


CHUNKING = {
    "threshold": ("vad_threshold", 1.0),
    "prefix_padding_ms": ("vad_pad", 0.001),
    "silence_duration_ms": ("vad_min_silence", 0.001),
}
"""Numbers of `server_vad`: each with its option, and its unit in seconds."""


def _chunking(fields: FormData) -> dict[str, float]:
    """Parse `auto`, or `server_vad` with its numbers, as JSON or as bracketed fields."""
    options: dict[str, float] = {}
    for name, value in _strategy(fields).items():
        param = f"chunking_strategy[{name[:50]}]"
        if name == "type":
            if value != "server_vad":
                raise _invalid(param, str(value), "use server_vad")
        elif name not in CHUNKING:
            raise _invalid(param, str(value), f"server_vad has {', '.join(CHUNKING)}")
        else:
            option, unit = CHUNKING[name]
            try:
                options[option] = float(value) * unit
            except (TypeError, ValueError, OverflowError):
                raise _invalid(param, str(value), "use a number") from None
    return options


def _strategy(fields: FormData) -> dict[str, Any]:
    text = fields.get("chunking_strategy")
    strategy: dict[str, Any] = {}
    if isinstance(text, str) and text.startswith("{"):
        try:
            strategy = dict(json.loads(text))
        except (ValueError, RecursionError):
            raise _invalid("chunking_strategy", text, "it is not JSON") from None
    elif text not in (None, "", "auto"):
        raise _invalid("chunking_strategy", str(text), "use auto, or an object of server_vad")
    for name, value in fields.multi_items():
        if name.startswith("chunking_strategy["):
            strategy[name[len("chunking_strategy[") :].rstrip("]")] = value
    return strategy
