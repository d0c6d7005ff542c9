"""The audio part of OpenAI's API, for its own unmodified clients."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.datastructures import FormData

from unispeech import formats, guard, languages
from unispeech.calls import Call
from unispeech.errors import UnispeechError
from unispeech.models import shelf
from unispeech.server import live, uploads
from unispeech.server.access import Caller, TheService, scratch
from unispeech.server.answers import DOCUMENTED, Refused, answer
from unispeech.server.keys import Key
from unispeech.server.schemas import form_body
from unispeech.server.service import Service
from unispeech.server.speech import HOSTED, Ask
from unispeech.types import Segment, Transcript

router = APIRouter(prefix="/v1", tags=["OpenAI"])

TRANSCRIPTION_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
TRANSLATION_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")

SAID: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/plain": {}, "text/event-stream": {}}}
}
"""The types of an answer: by `response_format`, or events with `stream`."""

ARRAYS = ("timestamp_granularities", "include", "languages", "keywords", "known_speaker_names",
          "known_speaker_references")  # fmt: skip
PLAIN = ("file", "model", "language", "prompt", "response_format", "temperature", "stream",
         "chunking_strategy")  # fmt: skip


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


@router.post(
    "/audio/transcriptions",
    responses={**DOCUMENTED, **SAID},
    openapi_extra=form_body("Transcription"),
)
async def transcriptions(request: Request, service: TheService, key: Caller) -> Response:
    """Speech to text."""
    return await _answer(request, service, key, "transcribe")


@router.post(
    "/audio/translations", responses={**DOCUMENTED, **SAID}, openapi_extra=form_body("Translation")
)
async def translations(request: Request, service: TheService, key: Caller) -> Response:
    """Speech in any language to English text."""
    return await _answer(request, service, key, "translate")


async def _answer(request: Request, service: Service, key: Key, task: str) -> Response:
    most = service.max_upload(key)
    fields = await uploads.form(request, most)
    wanted = read(service, fields, task)
    file = uploads.file_field(fields, "file")
    if file is None:
        raise Refused(400, "there is no file", param="file", code="missing_required_parameter")
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(scratch(service))
        await stack.enter_async_context(service.speech.admitted())
        upload = folder / "upload"
        if not await uploads.save_file(file, upload, most):
            raise Refused(400, "the file is empty (0 bytes)", param="file")
        name = uploads.clean_name(file.filename)
        await fields.close()
        decoded = await service.speech.decode(upload, name, service.cut(key))
        left = await stack.enter_async_context(live.gone(request))
        work = partial(service.speech.transcribe, wanted.ask, decoded)
        if wanted.stream:
            kept = stack.pop_all()
            events = _stream(request, service, work, left, wanted, kept)
            return StreamingResponse(events, headers=live.HEADERS, media_type="text/event-stream")
        call = Call(cancelled=left.is_set)
        transcript = await service.speech.run(partial(work, call), left)
    return render(transcript, wanted)


async def _stream(
    request: Request,
    service: Service,
    work: partial[Transcript],
    left: threading.Event,
    wanted: Wanted,
    kept: AsyncExitStack,
) -> AsyncIterator[str]:
    """Text as it is heard, then all of it. Frees the request's files and its place at the end."""
    async with kept:
        feed: live.Feed[Segment] = live.Feed()
        call = Call(on_segment=feed.put, cancelled=left.is_set)
        running = asyncio.ensure_future(service.speech.run(partial(work, call)))
        begun = False
        async for segment in feed.until(running):
            if wanted.format == "diarized_json":
                yield live.event(_diarized(segment, "transcript.text.segment"))
            text = segment.text if begun else segment.text.lstrip()
            begun = begun or bool(text)
            yield live.event({"type": "transcript.text.delta", "delta": text})
        try:
            transcript = await running
        except UnispeechError as error:
            body = json.loads(bytes(answer(request, error).body))
            yield live.event({"type": "error", **body})
        else:
            yield live.event(
                {
                    "type": "transcript.text.done",
                    "text": transcript.text,
                    "usage": _usage(transcript),
                }
            )
        yield live.event("[DONE]")


def read(service: Service, fields: FormData, task: str) -> Wanted:
    """The form as a checked request; whatever cannot be honoured is refused by name."""
    single, several = _fields(fields, task)
    allowed = TRANSCRIPTION_FORMATS if task == "transcribe" else TRANSLATION_FORMATS
    format = single.get("response_format") or "json"
    if format not in allowed:
        raise _invalid("response_format", format, f"use one of {', '.join(allowed)}")
    if format == "diarized_json" or several.get("known_speaker_names"):
        raise _invalid("response_format", format, "this server cannot tell speakers apart")
    granularities = frozenset(several.get("timestamp_granularities", ()))
    if granularities - {"word", "segment"}:
        raise _invalid("timestamp_granularities", ", ".join(granularities), "use word or segment")
    if granularities and format != "verbose_json":
        raise _invalid("timestamp_granularities", format, "they need verbose_json")
    if several.get("include"):
        raise _invalid("include", ", ".join(several["include"]), "this server has no logprobs")
    options: dict[str, Any] = {
        "task": task,
        "language": _language(single, several),
        "initial_prompt": single.get("prompt") or None,
        "hotwords": ", ".join(several.get("keywords", ())) or None,
        "temperature": _temperature(single.get("temperature")),
        "word_timestamps": "word" in granularities or None,
        **_chunking(fields),
    }
    ask = service.speech.ask(single.get("model"), **options)
    stream = (single.get("stream") or "false").lower() in ("true", "1")
    if stream and format in ("srt", "vtt"):
        raise _invalid("stream", "true", f"{format} cannot be streamed")
    return Wanted(ask, format, granularities, stream)


def _fields(fields: FormData, task: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Single and repeated fields. The client writes `name[]`, people with curl `name`."""
    single: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    for name, value in fields.multi_items():
        base = name.removesuffix("[]")
        if base in ARRAYS and task == "transcribe":
            several.setdefault(base, []).append(str(value))
        elif name in PLAIN or base.startswith("chunking_strategy["):
            if isinstance(value, str):
                single[name] = value
        else:
            raise Refused(
                400, f"unknown parameter {name[:100]!r}", param=name[:100], code="unknown_parameter"
            )
    return single, several


def _invalid(param: str, value: str, hint: str) -> Refused:
    return Refused(400, f"{param} is {value[:100]!r}", hint, param=param, code="invalid_value")


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
    if not 0 <= value <= 2:
        raise _invalid("temperature", text, "use a number from 0 to 1")
    return value or None


def _chunking(fields: FormData) -> dict[str, float]:
    """`auto`, or server_vad and its numbers (milliseconds), as JSON or as bracketed fields."""
    names = {
        "threshold": ("vad_threshold", 1.0),
        "prefix_padding_ms": ("vad_pad", 0.001),
        "silence_duration_ms": ("vad_min_silence", 0.001),
    }
    whole = fields.get("chunking_strategy")
    given: dict[str, Any] = {}
    if isinstance(whole, str) and whole.startswith("{"):
        try:
            given = dict(json.loads(whole))
        except ValueError:
            raise _invalid("chunking_strategy", whole, "it is not JSON") from None
    elif whole not in (None, "", "auto"):
        raise _invalid("chunking_strategy", str(whole), "use auto, or an object of server_vad")
    for name, value in fields.multi_items():
        if name.startswith("chunking_strategy["):
            given[name[len("chunking_strategy[") :].rstrip("]")] = value
    options: dict[str, float] = {}
    for name, value in given.items():
        if name == "type":
            if value != "server_vad":
                raise _invalid("chunking_strategy[type]", str(value), "use server_vad")
            continue
        try:
            option, scale = names[name]
            options[option] = float(value) * scale
        except (KeyError, TypeError, ValueError):
            raise _invalid(f"chunking_strategy[{name[:50]}]", str(value), "see the docs") from None
    return options


def render(transcript: Transcript, wanted: Wanted) -> Response:
    if wanted.format == "json":
        return JSONResponse({"text": transcript.text, "usage": _usage(transcript)})
    if wanted.format == "verbose_json":
        return JSONResponse(verbose(transcript, wanted))
    if wanted.format == "text":
        return PlainTextResponse(transcript.text + "\n")
    return PlainTextResponse(formats.render(transcript, wanted.format))


def verbose(transcript: Transcript, wanted: Wanted) -> dict[str, Any]:
    """`verbose_json` as OpenAI gives it: the language's name, words without the leading space."""
    shown: dict[str, Any] = {
        "task": transcript.task,
        "language": languages.name("en" if transcript.task == "translate" else transcript.language),
        "duration": transcript.duration,
        "text": transcript.text,
        "segments": None,
        "usage": _usage(transcript),
    }
    if not wanted.words or "segment" in wanted.granularities:
        shown["segments"] = [_segment(segment) for segment in transcript.segments]
    if wanted.words:
        shown["words"] = [
            {"word": word.word.strip(), "start": word.start, "end": word.end}
            for segment in transcript.segments
            for word in segment.words
        ]
    return shown


def _segment(segment: Segment) -> dict[str, Any]:
    """`tokens` is empty and `temperature` 0: not every runtime here tells them."""
    return {
        "id": segment.id,
        "seek": int(segment.start * 100),
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": round(guard.compression_ratio(segment.text), 4),
        "no_speech_prob": segment.no_speech_prob,
    }


def _diarized(segment: Segment, kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "id": f"seg_{segment.id}",
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "speaker": segment.speaker or "A",
    }


def _usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(transcript.duration)}


@router.get("/models", responses=DOCUMENTED)
async def list_models(service: TheService, key: Caller) -> dict[str, Any]:
    """What may be named in `model` without a download: the store's, and OpenAI's own names."""
    return {"object": "list", "data": await asyncio.to_thread(_models, service)}


@router.get("/models/{model:path}", responses=DOCUMENTED)
async def one_model(model: str, service: TheService, key: Caller) -> dict[str, Any]:
    for row in await asyncio.to_thread(_models, service):
        if row["id"] == model:
            return dict(row)
    raise Refused(
        404, f"there is no model {model[:100]!r} here", param="model", code="model_not_found"
    )


def _models(service: Service) -> list[dict[str, Any]]:
    names = {kept.name for kept in shelf.listing()}
    own = service.settings.model
    if "/" not in own:
        names.add(own)
    return [
        {"id": name, "object": "model", "created": 0, "owned_by": "unispeech"}
        for name in [*sorted(names), *sorted(HOSTED - {"gpt-4o-transcribe-diarize"})]
    ]
