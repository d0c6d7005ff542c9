"""The dialect of whisper-asr-webservice (ahmetoner/whisper-asr-webservice)."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from unispeech import languages
from unispeech.audio.pcm import WavWriter
from unispeech.call import Call
from unispeech.server.http import forms
from unispeech.server.http.blocking_work import gone
from unispeech.server.http.dependencies import Caller, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED, Refused
from unispeech.server.http.form_schemas import form_body
from unispeech.server.service import Service
from unispeech.server.storage.disk import PIECE, clean_name
from unispeech.server.storage.keys import Key
from unispeech.text import formats

router = APIRouter(tags=["whisper-asr-webservice"])

Output = Literal["txt", "text", "vtt", "srt", "tsv", "json"]


@router.post(
    "/asr",
    response_class=PlainTextResponse,
    responses=DOCUMENTED,
    openapi_extra=form_body("Asr"),
)
async def asr(
    request: Request,
    service: TheService,
    key: Caller,
    encode: bool = True,
    task: Literal["transcribe", "translate"] = "transcribe",
    language: str | None = None,
    initial_prompt: str | None = None,
    vad_filter: bool = False,
    word_timestamps: bool = False,
    diarize: bool = False,
    min_speakers: int | None = None,
    max_speakers: int | None = None,
    output: Output = "txt",
) -> Response:
    """Transcribe the form's `audio_file`. With `encode=false` it is raw s16le, 16 kHz mono.

    `vad_filter` is accepted and makes no difference: silence is never decoded here.
    """
    form = "txt" if output == "text" else output
    ask = service.speech.ask(
        task=task,
        language=language or None,
        initial_prompt=initial_prompt or None,
        word_timestamps=word_timestamps or None,
        diarize=diarize or None,
        min_speakers=min_speakers,
        max_speakers=max_speakers,
    )
    await service.speech.fetch(ask)
    service.speech.room()
    async with scratch(service) as folder:
        upload, name = await _received(request, service, key, folder / "upload", encode)
        async with service.speech.admitted(), gone(request) as left:
            decoded = await service.speech.decode(upload, name, service.cut(key))
            work = partial(service.speech.transcribe, ask, decoded, Call(cancelled=left.is_set))
            transcript = await service.speech.run(work, left)
    headers = {
        "Asr-Engine": ask.backend,
        "Content-Disposition": f'attachment; filename="{quote(name)}.{form}"',
    }
    text = formats.render(transcript, form)
    return Response(text, headers=headers, media_type="text/plain")


@router.post("/detect-language", responses=DOCUMENTED, openapi_extra=form_body("Asr"))
async def detect_language(
    request: Request, service: TheService, key: Caller, encode: bool = True
) -> dict[str, Any]:
    """The language spoken in the form's `audio_file`."""
    ask = service.speech.ask()
    service.speech.room()
    async with scratch(service) as folder:
        upload, name = await _received(request, service, key, folder / "upload", encode)
        async with service.speech.admitted():
            decoded = await service.speech.decode(upload, name, service.cut(key))
            work = partial(service.speech.detect, ask, decoded)
            code, confidence = await service.speech.run(work)
    return {
        "detected_language": languages.name(code),
        "language_code": code,
        "confidence": confidence,
    }


async def _received(
    request: Request, service: Service, key: Key, target: Path, encode: bool
) -> tuple[Path, str]:
    fields = await forms.form(request, service.max_upload(key), service.scratch)
    file = forms.file_field(fields, "audio_file")
    if file is None:
        raise Refused(400, "there is no audio_file", "send it as multipart/form-data")
    size = await forms.save_file(file, target, service.max_upload(key))
    name = clean_name(file.filename)
    await fields.close()
    if not size:
        raise Refused(400, f"{name}: the file is empty (0 bytes)")
    if not encode:
        target = await asyncio.to_thread(_with_header, target)
    return target, name


def _with_header(raw: Path) -> Path:
    """Raw s16le samples as a WAV, so that the one decoder reads them like everything else."""
    target = raw.with_suffix(".wav")
    with WavWriter(target) as file, raw.open("rb") as samples:
        while piece := samples.read(PIECE):
            file.writeframes(piece)
    return target
