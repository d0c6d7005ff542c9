"""API of whisper.cpp's server: `/inference` and `/load`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from unispeech import languages
from unispeech.call import Call
from unispeech.errors import UnknownModel
from unispeech.server.dialects.openai import extra_fields
from unispeech.server.dialects.whisper_segments import encoder, whisper_segment
from unispeech.server.http import forms, ignored_fields
from unispeech.server.http.admission import admit_model_change
from unispeech.server.http.blocking_work import disconnect_event
from unispeech.server.http.dependencies import Caller, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED, RequestError
from unispeech.server.http.form_schemas import form_body
from unispeech.server.http.routing import Route
from unispeech.server.service import Service
from unispeech.server.speech.decoders import DecodeRange
from unispeech.server.speech.speech import SpeechRequest
from unispeech.server.storage.disk import clean_name
from unispeech.text.formats import timestamp
from unispeech.types import Transcript, Word

router = APIRouter(tags=["whisper.cpp"], route_class=Route)

TRUE = ("true", "1", "yes", "y")
FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
"""Any other name means `json`, as in the original."""
HONOURED = frozenset(
    {
        "file", "language", "translate", "prompt", "beam_size", "temperature", "offset_t",
        "duration", "offset_n", "response_format", "no_timestamps", "token_timestamps",
        "no_language_probabilities", "vad", "vad_threshold", "vad_min_silence_duration_ms",
        "vad_speech_pad_ms",
    }
)  # fmt: skip
"""Fields with an effect. The others tune whisper.cpp's own decoder."""
FIELDS = {
    "initial_prompt": "prompt",
    "word_timestamps": "token_timestamps",
    "vad_min_silence": "vad_min_silence_duration_ms",
    "vad_pad": "vad_speech_pad_ms",
}
"""Names of whisper.cpp's fields, by option."""
GGML = re.compile(r"(?:.*/)?ggml-(.+)\.bin")
"""Name of a file of whisper.cpp's weights."""


@dataclass(frozen=True, slots=True)
class InferenceForm:
    """Parsed and checked form."""

    speech_request: SpeechRequest
    format: str
    start: float
    duration: float
    """Seconds to transcribe from `start`; 0: to the end."""
    first_number: int
    temperature: float
    has_times: bool
    has_language_probabilities: bool
    ignored: tuple[str, ...]
    """Names of the fields without effect."""


@router.post(
    "/inference",
    summary="Transcribe a file, as whisper.cpp's server does",
    responses=DOCUMENTED,
    openapi_extra=form_body("Inference"),
)
async def inference(request: Request, service: TheService, key: Caller) -> Response:
    """Transcribe the file in the form field `file` and wait for the result."""
    limit = service.max_upload(key)
    service.speech.check_capacity()
    fields = await forms.form(request, limit, service.scratch)
    file = forms.file_field(fields, "file")
    if file is None:
        raise RequestError(400, "no 'file' field in the request")
    single = {name: value for name, value in fields.items() if isinstance(value, str)}
    form = await asyncio.to_thread(parse, service, single)
    async with scratch(service) as folder:
        upload = folder / "upload"
        name = clean_name(file.filename)
        if not await forms.save_file(file, upload, limit):
            raise RequestError(400, f"{name}: the file is empty (0 bytes)")
        await fields.close()
        async with service.speech.admitted(), disconnect_event(request) as disconnected:
            end = form.start + form.duration if form.duration else None
            range = DecodeRange(form.start, end, service.max_duration(key))
            decoded = await service.speech.decode(upload, name, range)
            call = Call(cancelled=disconnected.is_set)
            work = partial(service.speech.transcribe, form.speech_request, decoded, call)
            transcript = await service.speech.run(work, disconnected)
    response = await asyncio.to_thread(render, transcript.shifted(form.start), form)
    return ignored_fields.add(response, form.ignored, dialect="whisper.cpp")


@router.post(
    "/load",
    summary="Load a model, as whisper.cpp's server does",
    response_class=PlainTextResponse,
    responses=DOCUMENTED,
    openapi_extra=form_body("Load"),
)
async def load(request: Request, service: TheService, key: Caller) -> Response:
    """Load the model in the form field `model`, which `/inference` uses from then on.

    Needs an admin key, and the model in UNISPEECH_FETCH_MODELS.
    """
    fields = await forms.form(request, forms.MAX_FIELDS, service.scratch)
    value = fields.get("model")
    if not isinstance(value, str) or not value:
        raise RequestError(400, "no 'model' field in the request", param="model")
    found = GGML.fullmatch(value)
    model = found[1] if found else value
    await asyncio.to_thread(admit_model_change, service, key, model)
    try:
        speech_request = await asyncio.to_thread(service.speech.make_request, model)
    except UnknownModel as error:
        raise RequestError(400, f"model not found: {error.message}", error.hint) from error
    await service.speech.run(partial(service.speech.load, speech_request))
    service.speech.models.inference_model = model
    return PlainTextResponse("Load was successful!")


def parse(service: Service, fields: Mapping[str, str]) -> InferenceForm:
    """Parse and check a form. Options that the backend cannot honour are ignored, except the
    language and the task.

    Raises:
        RequestError: a number is malformed.
        UnispeechError: see `Speech.make_request`.
    """
    format = fields.get("response_format", "")
    has_times = not _is_true(fields, "no_timestamps")
    wants_words = format == "verbose_json" and has_times
    if "token_timestamps" in fields:
        wants_words = wants_words and _is_true(fields, "token_timestamps")
    temperature = _number(fields, "temperature")
    beam_size = int(_number(fields, "beam_size"))
    options = {
        "task": "translate" if _is_true(fields, "translate") else "transcribe",
        "language": fields.get("language") or None,
    }
    tuning: dict[str, Any] = {
        "initial_prompt": fields.get("prompt") or None,
        "beam_size": beam_size if beam_size > 0 else None,
        "temperature": temperature or None,  # 0 is the fallback ladder in both
        "word_timestamps": wants_words or None,
        **_speech_detection(fields),
    }
    asked = {name: value for name, value in tuning.items() if value is not None}
    model = service.speech.models.inference_model
    request, without_effect = extra_fields.make_request(service, model, options, asked)
    unknown = [name for name in fields if name not in HONOURED]
    return InferenceForm(
        request,
        format if format in FORMATS else "json",
        start=max(0.0, _number(fields, "offset_t") / 1000),
        duration=max(0.0, _number(fields, "duration") / 1000),
        first_number=int(_number(fields, "offset_n")) + 1,
        temperature=temperature,
        has_times=has_times,
        has_language_probabilities=not _is_true(fields, "no_language_probabilities"),
        ignored=(*unknown, *(FIELDS.get(name, name) for name in without_effect)),
    )


def _speech_detection(fields: Mapping[str, str]) -> dict[str, float]:
    """Return the options of speech detection, which the original has off unless `vad` is sent."""
    if not _is_true(fields, "vad"):
        return {}
    units = {"vad_threshold": 1.0, "vad_min_silence": 0.001, "vad_pad": 0.001}
    return {
        option: _number(fields, FIELDS.get(option, option)) * unit
        for option, unit in units.items()
        if FIELDS.get(option, option) in fields
    }


def _is_true(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "") in TRUE


def _number(fields: Mapping[str, str], name: str) -> float:
    """Return a finite number of at most a billion; 0 if the field is missing."""
    text = fields.get(name, "0")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= 1e9:
        raise RequestError(400, f"{name} is {text[:100]!r}", "use a number", param=name)
    return value


def render(transcript: Transcript, form: InferenceForm) -> Response:
    """Return the response. Text is `text/plain`: as `text/html`, the original's type, a browser
    would run what somebody dictates."""
    text = "".join(f"{segment.text}\n" for segment in transcript.segments)
    if form.format == "text":
        return PlainTextResponse(text)
    if form.format == "srt":
        return Response(
            _cues(transcript, ",", form.first_number), media_type="application/x-subrip"
        )
    if form.format == "vtt":
        return Response("WEBVTT\n\n" + _cues(transcript, "."), media_type="text/vtt")
    if form.format == "verbose_json":
        return JSONResponse(_verbose(transcript, text, form))
    return JSONResponse({"text": text})


def _cues(transcript: Transcript, point: str, first_number: int | None = None) -> str:
    cues: list[str] = []
    for segment in transcript.segments:
        number = "" if first_number is None else f"{first_number + len(cues)}\n"
        times = f"{timestamp(segment.start, point)} --> {timestamp(segment.end, point)}"
        cues.append(f"{number}{times}\n{segment.text}\n\n")
    return "".join(cues)


def _verbose(transcript: Transcript, text: str, form: InferenceForm) -> dict[str, Any]:
    encode = encoder(transcript.model)
    segments = []
    for segment in transcript.segments:
        row = whisper_segment(segment, encode) | {"temperature": form.temperature}
        for name in ("seek", "compression_ratio", *(() if form.has_times else ("start", "end"))):
            del row[name]
        if segment.words:
            row["words"] = [_word(word) for word in segment.words]
        segments.append(row)
    body: dict[str, Any] = {
        "task": transcript.task,
        "language": languages.name(transcript.language),
        "duration": transcript.duration,
        "text": text,
        "segments": segments,
    }
    if form.has_language_probabilities:
        probability = transcript.language_probability
        body["detected_language"] = languages.name(transcript.language)
        body["detected_language_probability"] = 1.0 if probability is None else probability
        body["language_probabilities"] = {
            transcript.language: body["detected_language_probability"]
        }
    return body


def _word(word: Word) -> dict[str, Any]:
    """Return a word; `t_dtw` is -1 as without whisper.cpp's own alignment."""
    times = {"start": word.start, "end": word.end, "t_dtw": -1}
    return {"word": word.word, **times, "probability": word.probability}
