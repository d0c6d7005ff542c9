"""API of whisper-asr-webservice (ahmetoner/whisper-asr-webservice)."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response

from unispeech import languages
from unispeech.audio.pcm import WavWriter
from unispeech.call import Call
from unispeech.server.http import forms, ignored_fields, query
from unispeech.server.http.blocking_work import disconnect_event
from unispeech.server.http.dependencies import Caller, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED, RequestError
from unispeech.server.http.form_schemas import form_body
from unispeech.server.http.routing import Route
from unispeech.server.service import Service
from unispeech.server.storage.disk import PIECE, clean_name
from unispeech.server.storage.keys import Key
from unispeech.text import formats

router = APIRouter(tags=["whisper-asr-webservice"], route_class=Route)

Output = Annotated[
    Literal["txt", "text", "vtt", "srt", "tsv", "json"],
    Query(description="Format of the response."),
]
Encode = Annotated[
    bool, Query(description="`false`: the file is raw 16-bit little-endian PCM, 16 kHz mono.")
]


@router.post(
    "/asr",
    summary="Transcribe a file",
    response_class=PlainTextResponse,
    responses=DOCUMENTED,
    openapi_extra=form_body("Asr"),
)
async def asr(
    request: Request,
    service: TheService,
    key: Caller,
    encode: Encode = True,
    task: Annotated[
        Literal["transcribe", "translate"], Query(description="`translate`: to English.")
    ] = "transcribe",
    language: Annotated[str | None, Query(description="Language code; default: detected.")] = None,
    initial_prompt: Annotated[
        str | None, Query(description="Text that precedes the recording.")
    ] = None,
    vad_filter: Annotated[
        bool, Query(description="Silence is never decoded, so `false` has no effect.")
    ] = False,
    word_timestamps: Annotated[bool, Query(description="Add the times of words.")] = False,
    diarize: Annotated[bool, Query(description="Add the speakers.")] = False,
    min_speakers: Annotated[int | None, Query(description="Smallest number of speakers.")] = None,
    max_speakers: Annotated[int | None, Query(description="Largest number of speakers.")] = None,
    output: Output = "txt",
) -> Response:
    """Transcribe the file in the form field `audio_file` and wait for the result."""
    format = "txt" if output == "text" else output
    speech_request = service.speech.make_request(
        task=task,
        language=language or None,
        initial_prompt=initial_prompt or None,
        word_timestamps=word_timestamps or None,
        diarize=diarize or None,
        min_speakers=min_speakers,
        max_speakers=max_speakers,
    )
    await service.speech.fetch_weights(speech_request)
    service.speech.check_capacity()
    async with scratch(service) as folder:
        upload, name = await _receive(request, service, key, folder / "upload", encode)
        async with service.speech.admitted(), disconnect_event(request) as disconnected:
            decoded = await service.speech.decode(upload, name, service.decode_range(key))
            call = Call(cancelled=disconnected.is_set)
            work = partial(service.speech.transcribe, speech_request, decoded, call)
            transcript = await service.speech.run(work, disconnected)
    headers = {
        "Asr-Engine": speech_request.backend,
        "Content-Disposition": f'attachment; filename="{quote(name)}.{format}"',
    }
    without_effect = (
        ["vad_filter"] if request.query_params.get("vad_filter") and not vad_filter else []
    )
    ignored = [*query.unknown_parameters(request), *without_effect]
    headers |= ignored_fields.report(ignored, dialect="asr")
    text = formats.render(transcript, format)
    return Response(text, headers=headers, media_type="text/plain")


@router.post(
    "/detect-language",
    summary="Detect the language",
    responses=DOCUMENTED,
    openapi_extra=form_body("Asr"),
)
async def detect_language(
    request: Request, service: TheService, key: Caller, encode: Encode = True
) -> dict[str, Any]:
    """Detect the language of the file in the form field `audio_file`."""
    speech_request = service.speech.make_request()
    service.speech.check_capacity()
    async with scratch(service) as folder:
        upload, name = await _receive(request, service, key, folder / "upload", encode)
        async with service.speech.admitted():
            decoded = await service.speech.decode(upload, name, service.decode_range(key))
            work = partial(service.speech.detect, speech_request, decoded)
            code, confidence = await service.speech.run(work)
    return {
        "detected_language": languages.name(code),
        "language_code": code,
        "confidence": confidence,
    }


async def _receive(
    request: Request, service: Service, key: Key, target: Path, encode: bool
) -> tuple[Path, str]:
    fields = await forms.form(request, service.max_upload(key), service.scratch)
    file = forms.file_field(fields, "audio_file")
    if file is None:
        raise RequestError(400, "the field audio_file is missing", "send it as multipart/form-data")
    size = await forms.save_file(file, target, service.max_upload(key))
    name = clean_name(file.filename)
    await fields.close()
    if not size:
        raise RequestError(400, f"{name}: the file is empty (0 bytes)")
    if not encode:
        target = await asyncio.to_thread(_with_header, target)
    return target, name


def _with_header(raw: Path) -> Path:
    """Write raw samples as a WAV for the decoder, and return its path."""
    target = raw.with_suffix(".wav")
    with WavWriter(target) as file, raw.open("rb") as samples:
        while piece := samples.read(PIECE):
            file.writeframes(piece)
    return target
