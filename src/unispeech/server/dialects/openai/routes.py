"""The routes of OpenAI's audio API, and how a request goes through the service."""

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
from unispeech.server.dialects.openai.form import Wanted, read
from unispeech.server.dialects.openai.render import lettering, render, said, usage
from unispeech.server.http import forms
from unispeech.server.http.blocking_work import Feed, gone
from unispeech.server.http.dependencies import Caller, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED, Refused, answer
from unispeech.server.http.form_schemas import form_body
from unispeech.server.service import Service
from unispeech.server.speech.speech import DIARIZING, HOSTED, NoSpeakers
from unispeech.server.storage.disk import clean_name
from unispeech.server.storage.keys import Key
from unispeech.types import Segment, Transcript

router = APIRouter(prefix="/v1", tags=["OpenAI"])

SAID: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/plain": {}, "text/event-stream": {}}}
}
"""The types of an answer: by `response_format`, or events with `stream`."""
UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Headers of a stream of events: no proxy may hold it back."""


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
    service.speech.room()
    fields = await forms.form(request, most, service.scratch)
    file = forms.file_field(fields, "file")
    if file is None:
        raise Refused(400, "there is no file", param="file", code="missing_required_parameter")
    try:
        wanted = await asyncio.to_thread(read, service, fields, task)
        await service.speech.fetch(wanted.ask)
    except NoSpeakers as error:
        raise Refused(
            400, error.message, error.hint, param="response_format", code="diarization_unavailable"
        ) from error
    async with AsyncExitStack() as stack:
        folder = await stack.enter_async_context(scratch(service))
        await stack.enter_async_context(service.speech.admitted())
        upload = folder / "upload"
        if not await forms.save_file(file, upload, most):
            raise Refused(400, "the file is empty (0 bytes)", param="file")
        name = clean_name(file.filename)
        await fields.close()
        decoded = await service.speech.decode(upload, name, service.cut(key))
        left = await stack.enter_async_context(gone(request))
        work = partial(service.speech.transcribe, wanted.ask, decoded)
        if wanted.stream:
            kept = stack.pop_all()
            events = _stream(request, service, work, left, wanted, kept)
            return EventSourceResponse(events, headers=UNBUFFERED)
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
) -> AsyncIterator[bytes]:
    """Text as it is heard, then all of it. Frees the request's files and its place at the end."""
    async with kept:
        feed: Feed[Segment] = Feed()
        call = Call(on_segment=feed.put, cancelled=left.is_set)
        running = asyncio.ensure_future(service.speech.run(partial(work, call)))
        letter = lettering()
        begun = False
        async for segment in feed.until(running):
            if wanted.diarized:
                yield _event(said(segment, letter))
                continue
            text = segment.text if begun else segment.text.lstrip()
            begun = begun or bool(text)
            yield _event({"type": "transcript.text.delta", "delta": text})
        try:
            transcript = await running
        except Exception as error:  # the answer has begun, so this is where it has to be told
            body = json.loads(bytes(answer(request, error).body))
            yield _event({"type": "error", **body})
        else:
            whole = {"text": transcript.text, "usage": usage(transcript)}
            yield _event({"type": "transcript.text.done", **whole})
        yield format_sse_event(data_str="[DONE]")


def _event(data: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json.dumps(data, ensure_ascii=False))


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
    names = {kept.name for kept in weight_cache.listing()}
    own = service.settings.model
    if "/" not in own:
        names.add(own)
    hosted = HOSTED if speakers.available() else HOSTED - {DIARIZING}
    return [
        {"id": name, "object": "model", "created": 0, "owned_by": "unispeech"}
        for name in [*sorted(names), *sorted(hosted)]
    ]
