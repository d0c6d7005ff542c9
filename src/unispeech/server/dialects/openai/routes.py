"""Routes of OpenAI's audio API."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, format_sse_event

from unispeech.annotate import speakers
from unispeech.call import Call
from unispeech.models import weight_cache
from unispeech.server.dialects.openai.form import TranscriptionForm, parse
from unispeech.server.dialects.openai.render import (
    diarized_segment,
    lettering,
    logprobs,
    render,
    usage,
)
from unispeech.server.http import forms, ignored_fields
from unispeech.server.http.blocking_work import Feed, disconnect_event
from unispeech.server.http.dependencies import Caller, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED, RequestError, answer
from unispeech.server.http.form_schemas import form_body
from unispeech.server.http.routing import Route
from unispeech.server.service import Service
from unispeech.server.speech.client_models import DIARIZING, HOSTED
from unispeech.server.speech.speech import NoSpeakers
from unispeech.server.storage.disk import clean_name
from unispeech.server.storage.keys import Key
from unispeech.types import Segment, Transcript

router = APIRouter(prefix="/v1", tags=["OpenAI"], route_class=Route)
azure = APIRouter(prefix="/openai", tags=["OpenAI"], route_class=Route)
"""The same routes at Azure's paths, where a deployment is the name of a model."""

CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/plain": {}, "text/event-stream": {}}}
}
"""Media types of the response: by `response_format`, or events with `stream`."""
UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Headers of an event stream, against buffering by proxies."""


@router.post(
    "/audio/transcriptions",
    summary="Transcribe a file",
    responses={**DOCUMENTED, **CONTENT},
    openapi_extra=form_body("Transcription"),
)
async def transcriptions(request: Request, service: TheService, key: Caller) -> Response:
    """Transcribe a recording, in OpenAI's form.

    `whisper-1` and OpenAI's other model names stand for the server's default model.
    """
    return await _respond(request, service, key, "transcribe")


@azure.post(
    "/deployments/{deployment}/audio/transcriptions",
    summary="Transcribe a file, at Azure's path",
    responses={**DOCUMENTED, **CONTENT},
    openapi_extra=form_body("Transcription"),
)
@azure.post("/v1/audio/transcriptions", include_in_schema=False)
async def azure_transcriptions(
    request: Request, service: TheService, key: Caller, deployment: str | None = None
) -> Response:
    """Transcribe a recording as Azure OpenAI does; `api-version` is ignored."""
    return await _respond(request, service, key, "transcribe", deployment)


@azure.post(
    "/deployments/{deployment}/audio/translations",
    summary="Translate a file into English, at Azure's path",
    responses={**DOCUMENTED, **CONTENT},
    openapi_extra=form_body("Translation"),
)
@azure.post("/v1/audio/translations", include_in_schema=False)
async def azure_translations(
    request: Request, service: TheService, key: Caller, deployment: str | None = None
) -> Response:
    """Transcribe speech in any language as English text, as Azure OpenAI does."""
    return await _respond(request, service, key, "translate", deployment)


@router.post(
    "/audio/translations",
    summary="Translate a file into English",
    responses={**DOCUMENTED, **CONTENT},
    openapi_extra=form_body("Translation"),
)
async def translations(request: Request, service: TheService, key: Caller) -> Response:
    """Transcribe speech in any language as English text, in OpenAI's form."""
    return await _respond(request, service, key, "translate")


async def _respond(
    request: Request, service: Service, key: Key, task: str, deployment: str | None = None
) -> Response:
    limit = service.max_upload(key)
    service.speech.check_capacity()
    fields = await forms.form(request, limit, service.scratch)
    file = forms.file_field(fields, "file")
    if file is None:
        raise RequestError(
            400, "the field file is missing", param="file", code="missing_required_parameter"
        )
    try:
        form = await asyncio.to_thread(parse, service, fields, task, deployment)
        await service.speech.fetch_weights(form.speech_request)
    except NoSpeakers as error:
        raise RequestError(
            400, error.message, error.hint, param="response_format", code="diarization_unavailable"
        ) from error
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(scratch(service))
        await stack.enter_async_context(service.speech.admitted())
        upload = folder / "upload"
        if not await forms.save_file(file, upload, limit):
            raise RequestError(400, "the file is empty (0 bytes)", param="file")
        name = clean_name(file.filename)
        await fields.close()
        decoded = await service.speech.decode(upload, name, service.decode_range(key))
        disconnected = await stack.enter_async_context(disconnect_event(request))
        work = partial(service.speech.transcribe, form.speech_request, decoded)
        ignored = ignored_fields.report(form.ignored, dialect="openai")
        if form.stream:
            resources = stack.pop_all()
            events = _stream(request, service, work, disconnected, form, resources)
            return EventSourceResponse(events, headers=UNBUFFERED | ignored)
        call = Call(cancelled=disconnected.is_set)
        transcript = await service.speech.run(partial(work, call), disconnected)
    response = await asyncio.to_thread(render, transcript, form)
    response.headers.update(ignored)
    return response


async def _stream(
    request: Request,
    service: Service,
    work: partial[Transcript],
    disconnected: threading.Event,
    form: TranscriptionForm,
    resources: AsyncExitStack,
) -> AsyncIterator[bytes]:
    """Yield the text in deltas or segments, then all of it. Releases `resources` at the end."""
    async with resources:
        feed: Feed[Segment] = Feed()
        call = Call(on_segment=feed.put, cancelled=disconnected.is_set)
        running = asyncio.ensure_future(service.speech.run(partial(work, call)))
        letter = lettering()
        has_text = False
        async for segment in feed.until(running):
            if form.is_diarized:
                yield _event(diarized_segment(segment, letter))
                continue
            text = segment.text if has_text else segment.text.lstrip()
            has_text = has_text or bool(text)
            more = {"logprobs": logprobs(segment.words)} if form.has_logprobs else {}
            yield _event({"type": "transcript.text.delta", "delta": text, **more})
        try:
            transcript = await running
        except Exception as error:  # the status is sent already, so send an event
            body = json.loads(bytes(answer(request, error).body))
            yield _event({"type": "error", **body})
        else:
            whole = {"text": transcript.text, "usage": usage(transcript)}
            if form.has_logprobs:
                words = [word for segment in transcript.segments for word in segment.words]
                whole["logprobs"] = logprobs(words)
            yield _event({"type": "transcript.text.done", **whole})
        yield format_sse_event(data_str="[DONE]")


def _event(data: dict[str, Any]) -> bytes:
    return format_sse_event(event=data["type"], data_str=json.dumps(data, ensure_ascii=False))


@router.get("/models", summary="List models", responses=DOCUMENTED)
async def list_models(service: TheService, key: Caller) -> dict[str, Any]:
    """List the models that need no download, and OpenAI's names for the default model."""
    return {"object": "list", "data": await asyncio.to_thread(_models, service)}


@router.get("/models/{model:path}", summary="Show a model", responses=DOCUMENTED)
async def show_model(model: str, service: TheService, key: Caller) -> dict[str, Any]:
    """Return one model of the list."""
    for row in await asyncio.to_thread(_models, service):
        if row["id"] == model:
            return dict(row)
    raise RequestError(
        404, f"model {model[:100]!r} is unknown here", param="model", code="model_not_found"
    )


def _models(service: Service) -> list[dict[str, Any]]:
    names = {weights.name for weights in weight_cache.cached_models()}
    default = service.settings.model
    if "/" not in default:
        names.add(default)
    hosted = HOSTED if speakers.available() else HOSTED - {DIARIZING}
    return [
        {"id": name, "object": "model", "created": 0, "owned_by": "unispeech"}
        for name in [*sorted(names), *sorted(hosted)]
    ]
