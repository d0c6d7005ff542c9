"""The dialect of WAAS (schibsted/WAAS): a client written for it works unchanged.

Its shapes and statuses are kept, its known mistakes are not. Errors are plain text.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from functools import partial
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from unispeech import languages
from unispeech.errors import UnispeechError, UnknownModel
from unispeech.server.dialects.waas.parameters import OUTPUTS, TASKS, language_names
from unispeech.server.http import forms
from unispeech.server.http.dependencies import Caller, TheJob, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED
from unispeech.server.jobs import notices
from unispeech.server.jobs.jojo_document import jojo_document
from unispeech.server.service import Service
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.disk import clean_name
from unispeech.text import formats
from unispeech.types import Transcript

router = APIRouter(tags=["WAAS"])

RQ_STATES = {
    State.QUEUED: "queued",
    State.RUNNING: "started",
    State.DONE: "finished",
    State.FAILED: "failed",
    State.CANCELLED: "canceled",
}
"""Ours in the words of RQ, which WAAS shows."""

RAW_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The recording itself, whatever the Content-Type says.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/v1/transcribe",
    status_code=201,
    responses={**DOCUMENTED, 405: {"description": "The webhook is not on the list."}},
    openapi_extra=RAW_BODY,
)
async def transcribe(
    request: Request,
    service: TheService,
    key: Caller,
    model: str | None = None,
    task: str = "transcribe",
    language: str | None = None,
    email_callback: str | None = None,
    webhook_id: str | None = None,
    filename: str = "untitled-transcription",
) -> Response:
    """Queue the recording in the body. `language` is an English name, as `norwegian`."""
    wrong = _wrong(service, model, task, language)
    if wrong:
        return PlainTextResponse(wrong, 400)
    await asyncio.to_thread(service.jobs.room)
    id, place = service.jobs.new_place()
    try:
        size = await forms.save_body(request, place.upload, service.max_upload(key))
        if not size:
            return PlainTextResponse("No file uploaded", 400)
        email = "".join((email_callback or "").split())
        nobody = _nobody_to_tell(service, email, webhook_id)
        if nobody:
            return nobody
        try:
            ask = service.speech.ask(
                model or service.settings.waas_model, task=task, language=language or None
            )
        except UnispeechError as error:  # such as translating with a model that cannot
            return PlainTextResponse(str(error), 400)
        job = Job(
            id=id,
            owner=key.id,
            dialect="waas",
            filename=clean_name(unquote(filename), "untitled-transcription"),
            backend=ask.backend,
            model=ask.model,
            options=ask.options,
            max_duration=service.max_duration(key),
            webhook_id=webhook_id or None,
            email=email or None,
            priority=5,
        )
        await asyncio.to_thread(_accept, service, job)
        return JSONResponse({"job_id": id}, 201)
    finally:
        await asyncio.to_thread(service.jobs.tidy, id)


def _nobody_to_tell(service: Service, email: str, webhook_id: str | None) -> Response | None:
    if not email and not webhook_id:
        return PlainTextResponse("No email_callback or webhook_callback_url set", 400)
    if webhook_id and webhook_id not in service.notices.webhooks:
        return JSONResponse({"error": "Invalid webhook id"}, 405)
    if email and not notices.is_address(email):
        return PlainTextResponse("email_callback is not an e-mail address", 400)
    return None


def _accept(service: Service, job: Job) -> None:
    service.worker.enqueue(service.jobs.accept(job))


def _wrong(service: Service, model: str | None, task: str, language: str | None) -> str:
    """What is wrong, in WAAS's order and words."""
    try:
        service.speech.model(model or service.settings.waas_model)
    except UnknownModel:
        return "Model not available"
    if language and language not in language_names():
        return "Language not supported"
    return "" if task in TASKS else "Task not supported"


@router.post(
    "/v1/detect",
    responses={**DOCUMENTED, 405: {"description": "The webhook is not on the list."}},
    openapi_extra=RAW_BODY,
)
async def detect(
    request: Request, service: TheService, key: Caller, model: str | None = None
) -> Response:
    """The language of the recording in the body."""
    wrong = _wrong(service, model, "transcribe", None)
    if wrong:
        return PlainTextResponse(wrong, 400)
    ask = service.speech.ask(model or service.settings.waas_model)
    service.speech.room()
    async with scratch(service) as folder:
        upload = folder / "upload"
        if not await forms.save_body(request, upload, service.max_upload(key)):
            return PlainTextResponse("No file uploaded", 400)
        async with service.speech.admitted():
            decoded = await service.speech.decode(upload, "the recording", service.cut(key))
            code, _ = await service.speech.run(partial(service.speech.detect, ask, decoded))
    return JSONResponse({"detectedLanguage": languages.name(code), "languageCode": code})


@router.get("/v1/jobs/{job_id}", responses=DOCUMENTED)
async def job(found: TheJob, service: TheService) -> dict[str, Any]:
    """A job as RQ would show it. What would leak a path or an address is there, and null."""
    waiting = found.state is State.QUEUED
    position = await asyncio.to_thread(service.database.ahead, found) if waiting else None
    size = await asyncio.to_thread(service.database.count, State.QUEUED)
    return {
        "status": RQ_STATES[found.state],
        "meta": {
            "email": None,
            "webhook_id": found.webhook_id,
            "uploaded_filename": found.filename,
        },
        "origin": "default",
        "func_name": "transcriber.transcribe",
        "args": None,
        "result": None,
        "enqueued_at": _date(found.created),
        "started_at": _date(found.started),
        "ended_at": _date(found.ended),
        "exc_info": found.error,
        "last_heartbeat": None,
        "worker_name": None,
        "seconds_used": _seconds_used(found),
        "position_in_queue": position,
        "queue_size": size,
    }


def _date(time: float | None) -> str | None:
    """RFC 822, as Flask's jsonify writes it."""
    return formatdate(time, usegmt=True) if time is not None else None


def _seconds_used(job: Job) -> float | None:
    return job.ended - job.started if job.ended and job.started else None


@router.get(
    "/v1/download/{job_id}",
    responses={
        **DOCUMENTED,
        425: {"description": "The job is not done yet."},
        500: {"description": "The job failed."},
    },
)
async def download(job_id: str, service: TheService, key: Caller, output: str = "srt") -> Response:
    """The transcript as `srt`, `vtt`, `txt`, `timecode_txt`, `json` or `jojo`."""
    found = await asyncio.to_thread(service.database.job, job_id)
    if found is None or found.owner != key.id:
        return _no_such_job()
    if found.state is State.CANCELLED:
        return PlainTextResponse("Job canceled", 400)
    if found.state is State.FAILED:
        return PlainTextResponse("Job failed", 500)
    if found.revision is None:
        return PlainTextResponse("Job not done yet", 425)
    if output not in OUTPUTS:
        return PlainTextResponse("Output not supported", 400)
    transcript = await asyncio.to_thread(service.jobs.revisions.transcript, found.id)
    return _rendered(found, transcript, output) if transcript else _no_such_job()


def _no_such_job() -> Response:
    return PlainTextResponse("No such job", 404)


def _rendered(job: Job, transcript: Transcript, output: str) -> Response:
    if output == "json":
        return JSONResponse(whisper_result(transcript))
    stem = forms.header_name(job.filename)
    if output == "jojo":
        headers = _attachment(stem, "jojo")
        return JSONResponse(jojo_document(job, transcript), headers=headers)
    if output == "vtt":
        text = formats.render(transcript, "vtt")
        return Response(text, headers=_attachment(stem, "vtt"), media_type="text/vtt")
    text = formats.render(transcript, "srt" if output == "timecode_txt" else output)
    extension = "txt" if output == "timecode_txt" else output
    return PlainTextResponse(text, headers=_attachment(stem, extension))


def _attachment(stem: str, extension: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{stem}.{extension}"'}


def whisper_result(transcript: Transcript) -> dict[str, Any]:
    """What openai-whisper's `transcribe` returns."""
    return {
        "text": transcript.text,
        "segments": [formats.segment_dict(segment) for segment in transcript.segments],
        "language": transcript.language,
    }


@router.get("/v1/queue", responses=DOCUMENTED)
async def queue(service: TheService, key: Caller) -> dict[str, int]:
    """How many jobs wait."""
    return {"count": await asyncio.to_thread(service.database.count, State.QUEUED)}


@router.get("/v1/stats", responses=DOCUMENTED)
async def stats(service: TheService, key: Caller) -> dict[str, float]:
    """Seconds of sound transcribed by all jobs that are kept."""
    return {"total_time_transcribed": await asyncio.to_thread(service.database.transcribed)}
