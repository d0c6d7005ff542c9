"""Routes of WAAS (schibsted/WAAS), with its response bodies and statuses but not its known bugs.

Errors are plain text.
"""

from __future__ import annotations

import asyncio
import re
import time
from email.utils import formatdate
from functools import partial
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from unispeech import languages
from unispeech.errors import ModelUnavailable, UnispeechError, UnknownModel
from unispeech.server.dialects.waas.parameters import DEFAULT_NAME, OUTPUTS, TASKS, is_language
from unispeech.server.dialects.whisper_segments import Encode, encoder, whisper_segment
from unispeech.server.http import forms, ignored_fields, query
from unispeech.server.http.dependencies import Caller, TheJob, TheService, scratch
from unispeech.server.http.error_responses import DOCUMENTED
from unispeech.server.http.routing import Route
from unispeech.server.jobs import notices
from unispeech.server.jobs.jojo_document import jojo_document
from unispeech.server.service import Service
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.disk import clean_name
from unispeech.text import formats
from unispeech.types import Transcript

router = APIRouter(tags=["WAAS"], route_class=Route)

RQ_STATES = {
    State.QUEUED: "queued",
    State.RUNNING: "started",
    State.DONE: "finished",
    State.FAILED: "failed",
    State.CANCELLED: "canceled",
}
"""RQ's names of the states, which WAAS shows."""

Model = Annotated[str | None, Query(description="Name of a model.")]

RAW_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The recording; the Content-Type is ignored.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/v1/transcribe",
    summary="Queue a recording",
    status_code=201,
    responses={**DOCUMENTED, 405: {"description": "The webhook is not on the server's list."}},
    openapi_extra=RAW_BODY,
)
async def transcribe(
    request: Request,
    service: TheService,
    key: Caller,
    model: Model = None,
    task: Annotated[str, Query(description="`transcribe` or `translate`.")] = "transcribe",
    language: Annotated[
        str | None, Query(description="English name, such as `norwegian`; default: detected.")
    ] = None,
    email_callback: Annotated[
        str | None, Query(description="Address to notify when the job ends.")
    ] = None,
    webhook_id: Annotated[
        str | None, Query(description="Webhook to call when the job ends.")
    ] = None,
    filename: Annotated[str, Query(description="Name of the recording.")] = DEFAULT_NAME,
) -> Response:
    """Queue the recording in the body. Either `email_callback` or `webhook_id` is required."""
    problem = _problem(service, model, task, language)
    if problem:
        return PlainTextResponse(problem, 400)
    await asyncio.to_thread(service.jobs.check_capacity, key.id)
    id, files = service.jobs.new_folder()
    try:
        size = await forms.save_body(request, files.upload, service.max_upload(key))
        if not size:
            return PlainTextResponse("No file uploaded", 400)
        email, webhook_id = _unquote(email_callback or ""), _unquote(webhook_id or "")
        error = _callback_error(service, email, webhook_id)
        if error:
            return error
        try:
            speech_request = service.speech.make_request(
                model or service.settings.waas_model, task=task, language=language or None
            )
        except UnispeechError as refusal:  # such as a model that cannot translate
            return PlainTextResponse(str(refusal), 400)
        job = Job(
            id=id,
            owner=key.id,
            dialect="waas",
            filename=clean_name(unquote(filename), DEFAULT_NAME),
            backend=speech_request.backend,
            model=speech_request.model,
            options=speech_request.options,
            max_duration=service.max_duration(key),
            webhook_id=webhook_id or None,
            email=email or None,
            priority=5,
        )
        await service.jobs.store.run(_accept, service, job)
        ignored = query.unknown_parameters(request)
        headers = ignored_fields.report(ignored, dialect="waas")
        return JSONResponse({"job_id": id}, 201, headers)
    finally:
        await service.jobs.store.run(service.jobs.discard_unaccepted, id)


_ENCODED = re.compile(r"(?:[\w\-.!~*'()]|%[0-9A-Fa-f]{2})+", re.ASCII)
"""Text as JavaScript's `encodeURIComponent` returns it."""


def _unquote(value: str) -> str:
    """Decode a value that is still percent-encoded: WAAS's page encodes twice, curl users once.

    Any other `%` is part of the value, as it may be in an e-mail address.
    """
    return unquote(value) if _ENCODED.fullmatch(value) else value


def _callback_error(service: Service, email: str, webhook_id: str) -> Response | None:
    if not email and not webhook_id:
        return PlainTextResponse("No email_callback or webhook_callback_url set", 400)
    if webhook_id and webhook_id not in service.notices.webhooks:
        return JSONResponse({"error": "Invalid webhook id"}, 405)
    if email and not notices.is_address(email):
        hint = "; write + as %2B in a URL" if notices.is_address(email.replace(" ", "+")) else ""
        return PlainTextResponse(f"email_callback is not an e-mail address{hint}", 400)
    return None


def _accept(service: Service, job: Job) -> None:
    service.worker.enqueue(service.jobs.accept(job))


def _problem(service: Service, model: str | None, task: str, language: str | None) -> str:
    """Return WAAS's message for the first wrong parameter, in WAAS's order, or an empty string."""
    try:
        service.speech.models.resolve(model or service.settings.waas_model)
    except (UnknownModel, ModelUnavailable):
        return "Model not available"
    if language and not is_language(language):
        return "Language not supported"
    return "" if task in TASKS else "Task not supported"


@router.post(
    "/v1/detect",
    summary="Detect the language",
    responses=DOCUMENTED,
    openapi_extra=RAW_BODY,
)
async def detect(
    request: Request, service: TheService, key: Caller, model: Model = None
) -> Response:
    """Detect the language of the recording in the body."""
    problem = _problem(service, model, "transcribe", None)
    if problem:
        return PlainTextResponse(problem, 400)
    speech_request = service.speech.make_request(model or service.settings.waas_model)
    service.speech.check_capacity()
    async with scratch(service) as folder:
        upload = folder / "upload"
        if not await forms.save_body(request, upload, service.max_upload(key)):
            return PlainTextResponse("No file uploaded", 400)
        async with service.speech.admitted():
            range = service.decode_range(key)
            decoded = await service.speech.decode(upload, "the recording", range)
            code, _ = await service.speech.run(
                partial(service.speech.detect, speech_request, decoded)
            )
    return JSONResponse({"detectedLanguage": languages.name(code), "languageCode": code})


@router.get("/v1/jobs/{job_id}", summary="Show a job", responses=DOCUMENTED)
async def show(job: TheJob, service: TheService) -> dict[str, Any]:
    """Return a job in the form of RQ.

    Fields that would reveal paths or addresses are null, and the queue is that of the caller's
    jobs.
    """
    is_queued = job.state is State.QUEUED
    position = await asyncio.to_thread(service.database.jobs_ahead, job) if is_queued else None
    size = await asyncio.to_thread(service.database.count, State.QUEUED, owner=job.owner)
    return {
        "status": RQ_STATES[job.state],
        "meta": {
            "email": None,
            "webhook_id": job.webhook_id,
            "uploaded_filename": job.filename,
        },
        "origin": "default",
        "func_name": "transcriber.transcribe",
        "args": None,
        "result": None,
        "enqueued_at": _date(job.created),
        "started_at": _date(job.started),
        "ended_at": _date(job.ended),
        "exc_info": job.error,
        "last_heartbeat": None,
        "worker_name": None,
        "seconds_used": _seconds_used(job),
        "position_in_queue": position,
        "queue_size": size,
    }


def _date(time: float | None) -> str | None:
    """Return an RFC 822 date, as Flask's `jsonify` writes it."""
    return formatdate(time, usegmt=True) if time is not None else None


def _seconds_used(job: Job) -> float:
    """Return the seconds since the job was queued, until it ended, as WAAS counts them."""
    return (job.ended or time.time()) - job.created


@router.get(
    "/v1/download/{job_id}",
    summary="Download a transcript",
    responses={
        **DOCUMENTED,
        425: {"description": "The job is not done yet."},
        500: {"description": "The job failed."},
    },
)
async def download(
    job_id: str,
    service: TheService,
    key: Caller,
    output: Annotated[
        str, Query(description="`srt`, `vtt`, `txt`, `timecode_txt`, `json` or `jojo`.")
    ] = "srt",
) -> Response:
    """Download the transcript of a finished job."""
    job = await asyncio.to_thread(service.database.job, job_id)
    if job is None or job.owner != key.id:
        return _no_such_job()
    if job.state is State.CANCELLED:
        return PlainTextResponse("Job canceled", 400)
    if job.state is State.FAILED:
        return PlainTextResponse("Job failed", 500)
    if job.revision is None:
        return PlainTextResponse("Job not done yet", 425)
    if output not in OUTPUTS:
        return PlainTextResponse("Output not supported", 400)
    transcript = await asyncio.to_thread(service.jobs.revisions.transcript, job.id)
    if transcript is None:
        return _no_such_job()
    return await asyncio.to_thread(_render, job, transcript, output)


def _no_such_job() -> Response:
    return PlainTextResponse("No such job", 404)


def _render(job: Job, transcript: Transcript, output: str) -> Response:
    if output == "json":
        return JSONResponse(whisper_result(transcript, encoder(job.model)))
    stem = sanitized(job.filename)
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


def sanitized(filename: str) -> str:
    """Return a file name as WAAS writes it, which drops all that is not Latin-1; a name that would
    be empty is transliterated."""
    latin = filename.encode("latin-1", "ignore").decode("latin-1").replace("Æ", "AE")
    return forms.header_name(latin if any(map(str.isalnum, latin)) else filename)


def whisper_result(transcript: Transcript, encode: Encode) -> dict[str, Any]:
    """Return the transcript as the result of openai-whisper's `transcribe`."""
    rows = []
    for segment in transcript.segments:
        more = {"words": segment.words, "speaker": segment.speaker}
        fields = formats.segment_dict(segment)
        rows.append(
            whisper_segment(segment, encode) | {name: fields[name] for name in more if more[name]}
        )
    return {"text": transcript.text, "segments": rows, "language": transcript.language}


@router.get("/v1/queue", summary="Count the queued jobs", responses=DOCUMENTED)
async def queue(service: TheService, key: Caller) -> dict[str, int]:
    """Return the number of the caller's queued jobs."""
    count = partial(service.database.count, State.QUEUED, owner=key.id)
    return {"count": await asyncio.to_thread(count)}


@router.get("/v1/stats", summary="Show statistics", responses=DOCUMENTED)
async def stats(service: TheService, key: Caller) -> dict[str, float]:
    """Return the seconds of audio transcribed by the caller's stored jobs."""
    seconds = await asyncio.to_thread(service.database.transcribed_seconds, key.id)
    return {"total_time_transcribed": seconds}
