"""What a client of OpenAI asks for: a form, checked; what cannot be honoured is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData

from unispeech.errors import UnispeechError
from unispeech.server.http.error_responses import Refused
from unispeech.server.service import Service
from unispeech.server.speech.speech import Ask

TRANSCRIPTION_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
TRANSLATION_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")

ARRAYS = ("timestamp_granularities", "include", "languages", "keywords", "known_speaker_names",
          "known_speaker_references")  # fmt: skip
PLAIN = ("file", "model", "language", "prompt", "response_format", "temperature", "stream",
         "chunking_strategy")  # fmt: skip
FIELDS = {
    "initial_prompt": "prompt",
    "hotwords": "keywords",
    "word_timestamps": "timestamp_granularities",
    "vad_threshold": "chunking_strategy[threshold]",
    "vad_pad": "chunking_strategy[prefix_padding_ms]",
    "vad_min_silence": "chunking_strategy[silence_duration_ms]",
}
"""Options by the names of OpenAI's fields."""
SWITCH = {"": False, "false": False, "0": False, "true": True, "1": True}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request, read and checked."""

    ask: Ask
    format: str
    granularities: frozenset[str]
    stream: bool

    @property
    def words(self) -> bool:
        return "word" in self.granularities

    @property
    def diarized(self) -> bool:
        return self.format == "diarized_json"


def read(service: Service, fields: FormData, task: str) -> Wanted:
    """The form as a checked request.

    Raises:
        Refused: something in it is wrong, or cannot be honoured here.
        UnispeechError: as `Speech.ask`.
    """
    single, several = _fields(fields, task)
    format = single.get("response_format") or "json"
    granularities = frozenset(several.get("timestamp_granularities", ()))
    _check(format, granularities, several, task)
    stream = _switch("stream", single)
    if stream and format in ("srt", "vtt"):
        raise _invalid("stream", "true", f"{format} cannot be streamed")
    options: dict[str, Any] = {
        "task": task,
        "language": _language(single, several),
        "initial_prompt": single.get("prompt") or None,
        "hotwords": ", ".join(several.get("keywords", ())) or None,
        "temperature": _temperature(single.get("temperature")),
        "word_timestamps": "word" in granularities or None,
        "diarize": format == "diarized_json" or None,
        **_chunking(fields),
    }
    try:
        ask = service.speech.ask(single.get("model"), **options)
    except UnispeechError as error:
        error.option = FIELDS.get(error.option, error.option)
        raise
    return Wanted(ask, format, granularities, stream)


def _check(
    format: str, granularities: frozenset[str], several: Mapping[str, list[str]], task: str
) -> None:
    allowed = TRANSCRIPTION_FORMATS if task == "transcribe" else TRANSLATION_FORMATS
    if format not in allowed:
        raise _invalid("response_format", format, f"use one of {', '.join(allowed)}")
    if granularities - {"word", "segment"}:
        raise _invalid("timestamp_granularities", ", ".join(granularities), "use word or segment")
    if granularities and format != "verbose_json":
        raise _invalid("timestamp_granularities", format, "they need verbose_json")
    if several.get("include"):
        raise _invalid("include", ", ".join(several["include"]), "this server has no logprobs")
    for name in ("known_speaker_names", "known_speaker_references"):
        if several.get(name):
            raise Refused(
                400,
                f"{name}: this server tells speakers apart but does not recognise them",
                "leave it out; they are called A, B and so on",
                param=name,
                code="unsupported_parameter",
            )


def _fields(fields: FormData, task: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Single and repeated fields. The client writes `name[]`, people with curl `name`."""
    single: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    met: set[str] = set()
    for name, value in fields.multi_items():
        base = name.removesuffix("[]")
        if base in ARRAYS and task == "transcribe":
            several.setdefault(base, []).append(str(value))
        elif name in PLAIN or base.startswith("chunking_strategy["):
            if name in met:
                raise Refused(
                    400, f"{name} is there more than once", "send one of them",
                    param=name, code="invalid_value",
                )  # fmt: skip
            met.add(name)
            if isinstance(value, str):
                single[name] = value
        else:
            raise Refused(
                400, f"unknown parameter {name[:100]!r}", param=name[:100], code="unknown_parameter"
            )
    return single, several


def _invalid(param: str, value: str, hint: str) -> Refused:
    return Refused(400, f"{param} is {value[:100]!r}", hint, param=param, code="invalid_value")


def _switch(name: str, single: Mapping[str, str]) -> bool:
    given = single.get(name, "")
    if given.lower() not in SWITCH:
        raise _invalid(name, given, "use true or false")
    return SWITCH[given.lower()]


def _language(single: Mapping[str, str], several: Mapping[str, list[str]]) -> str | None:
    given = several.get("languages", [])
    if len(given) > 1:
        raise _invalid("languages", ", ".join(given), "give one, or none to detect it")
    return single.get("language") or (given[0] if given else None)


def _temperature(text: str | None) -> float | None:
    """0 is OpenAI's word for the ladder that rises when a result is doubtful."""
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
"""The numbers of `server_vad`, and what they are here: an option, and its unit."""


def _chunking(fields: FormData) -> dict[str, float]:
    """`auto`, or server_vad and its numbers (milliseconds), as JSON or as bracketed fields."""
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
    whole = fields.get("chunking_strategy")
    given: dict[str, Any] = {}
    if isinstance(whole, str) and whole.startswith("{"):
        try:
            given = dict(json.loads(whole))
        except (ValueError, RecursionError):
            raise _invalid("chunking_strategy", whole, "it is not JSON") from None
    elif whole not in (None, "", "auto"):
        raise _invalid("chunking_strategy", str(whole), "use auto, or an object of server_vad")
    for name, value in fields.multi_items():
        if name.startswith("chunking_strategy["):
            given[name[len("chunking_strategy[") :].rstrip("]")] = value
    return given
