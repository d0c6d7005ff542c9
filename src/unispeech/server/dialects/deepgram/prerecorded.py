"""Deepgram's `POST /v1/listen`: transcribe a recording."""

from __future__ import annotations

import asyncio
import hashlib
import wave
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from unispeech.call import Call
from unispeech.server.dialects.deepgram import results
from unispeech.server.dialects.deepgram.parameters import Encoding, Parameters
from unispeech.server.http import forms, ignored_fields
from unispeech.server.http.blocking_work import disconnect_event
from unispeech.server.http.dependencies import Caller, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED, RequestError
from unispeech.server.http.json_bodies import parse
from unispeech.server.http.routing import Route
from unispeech.server.jobs import fetch
from unispeech.server.observe import logs
from unispeech.server.service import Service
from unispeech.server.storage.disk import PIECE
from unispeech.server.storage.keys import Key

router = APIRouter(prefix="/v1", tags=["Deepgram"], route_class=Route)

MAX_SOURCE = 64 << 10
"""Bytes of a JSON body, which has only a URL."""
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "audio/*": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"url": {"type": "string"}},
                    "required": ["url"],
                }
            },
        },
    }
}


class Source(BaseModel):
    """Recording at a URL."""

    url: str


@router.post(
    "/listen",
    summary="Transcribe a recording",
    responses=DOCUMENTED,
    openapi_extra=BODY,
)
async def listen(request: Request, service: TheService, key: Caller) -> Response:
    """Transcribe a recording, in Deepgram's form.

    The body is the recording, or JSON with its `url`. Honoured parameters: `model`, `language`,
    `detect_language`, `punctuate`, `smart_format`, `diarize`, `utterances`, `utt_split`,
    `paragraphs`, `keywords`, `keyterm`, `tag`, `encoding` and `sample_rate`.
    """
    parameters = Parameters(request.query_params, is_live=False)
    encoding = parameters.encoding()
    speech_request = await asyncio.to_thread(
        parameters.speech_request,
        service,
        word_timestamps=True,
        diarize=parameters.diarizes or None,
    )
    await service.speech.fetch_weights(speech_request)
    service.speech.check_capacity()
    async with scratch(service) as folder:
        upload = folder / "upload"
        name = await _receive(request, service, key, upload)
        digest = await asyncio.to_thread(_sha256, upload)
        if encoding is not None:
            upload = await asyncio.to_thread(_with_header, upload, encoding)
        async with service.speech.admitted(), disconnect_event(request) as disconnected:
            decoded = await service.speech.decode(upload, name, service.decode_range(key))
            call = Call(cancelled=disconnected.is_set)
            work = partial(service.speech.transcribe, speech_request, decoded, call)
            transcript = await service.speech.run(work, disconnected)
    id = logs.request_id.get()
    body: dict[str, Any] = {
        "metadata": results.metadata(
            id, digest, transcript.duration, transcript.backend, transcript.model
        ),
        "results": results.recording(transcript, parameters),
    }
    if parameters.tags:
        body["metadata"]["tags"] = parameters.tags
    ignored = ignored_fields.report(parameters.ignored, dialect="deepgram")
    return JSONResponse(body, headers={"dg-request-id": id, **ignored})


async def _receive(request: Request, service: Service, key: Key, target: Path) -> str:
    """Store the recording and return its name."""
    limit = service.max_upload(key)
    if request.headers.get("content-type", "").lower().startswith("application/json"):
        source = await _source(request)
        return await fetch.fetch_allowed(service.settings, source.url, target, limit)
    if not await forms.save_body(request, target, limit):
        raise RequestError(400, "the body is empty", "send a recording", code="Bad Request")
    return "recording"


async def _source(request: Request) -> Source:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_SOURCE:
            raise RequestError(413, f"the JSON has more than {MAX_SOURCE} bytes")
    return parse(Source, body)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_header(raw: Path, encoding: Encoding) -> Path:
    """Write raw samples as a WAV for the decoder, and return its path."""
    target = raw.with_suffix(".wav")
    with wave.open(str(target), "wb") as file, raw.open("rb") as samples:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(encoding.rate)
        while piece := samples.read(PIECE):
            file.writeframes(encoding.to_pcm(piece))
    return target
