"""Our own jobs API, under /api."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from unispeech import formats
from unispeech.backends import registry
from unispeech.formats import FORMATS, Layout
from unispeech.models import shelf
from unispeech.server import fetch, live, records, uploads
from unispeech.server.access import Caller, TheService, job_of
from unispeech.server.answers import DOCUMENTED, Refused
from unispeech.server.database import Job, State
from unispeech.server.jobs import Place
from unispeech.server.keys import Key
from unispeech.server.schemas import Edited, JobFields, JobList, JobShown, Range, form_body
from unispeech.server.service import Service
from unispeech.types import Segment, Word

router = APIRouter(prefix="/api", tags=["Jobs"], responses=DOCUMENTED)

CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "Not in the job's state."}}
LISTEN = 0.3
"""Seconds between two looks for news of a job."""
TYPES = {"txt": "text/plain", "srt": "text/plain", "vtt": "text/vtt",
         "tsv": "text/tab-separated-values", "json": "application/json"}  # fmt: skip


@router.post("/jobs", status_code=201, openapi_extra=form_body("Job"))
async def create(request: Request, service: TheService, key: Caller) -> JobShown:
    """Accept a recording: a form with `file` or `url`, and any option of transcribing."""
    await asyncio.to_thread(service.jobs.room)
    form = await uploads.form(request, service.max_upload(key))
    file = uploads.file_field(form, "file")
    fields = _checked({n: v for n, v in form.multi_items() if not isinstance(v, UploadFile)})
    if (file is None) == (not fields.url):
        raise Refused(400, "give either a file or a url", param="file")
    if fields.webhook_id and fields.webhook_id not in service.notices.webhooks:
        raise Refused(400, "the webhook is not on the server's list", param="webhook_id")
    ask = service.speech.ask(**fields.options())
    id, place = service.jobs.new_place()
    try:
        name = await _receive(service, key, file, fields, place)
        await form.close()
        job = Job(
            id=id,
            owner=key.id,
            dialect="api",
            filename=uploads.clean_name(fields.filename) if fields.filename else name,
            options={**ask.as_dict(), "max_duration": service.max_duration(key)},
            priority=fields.priority,
            webhook_id=fields.webhook_id,
            email=fields.email,
        )
        return await asyncio.to_thread(_accept, service, job)
    finally:
        await asyncio.to_thread(service.jobs.tidy, id)


def _checked(given: dict[str, Any]) -> JobFields:
    try:
        return JobFields(**{name: value for name, value in given.items() if value != ""})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Refused(400, f"{name[:100]}: {first['msg']}", param=name[:100]) from None


async def _receive(
    service: Service, key: Key, file: UploadFile | None, fields: JobFields, place: Place
) -> str:
    """The recording, in its place; the name it came with."""
    limit = service.max_upload(key)
    if file is not None:
        if not await uploads.save_file(file, place.upload, limit):
            raise Refused(400, "the file is empty (0 bytes)", param="file")
        return uploads.clean_name(file.filename)
    if not service.settings.fetch_urls:
        raise Refused(400, "this server fetches no URLs", "upload the file", param="url")
    private = service.settings.fetch_private
    return await fetch.fetch(fields.url or "", place.upload, limit, private)


def _accept(service: Service, job: Job) -> JobShown:
    job = service.jobs.accept(job)
    service.worker.enqueue(job)
    return _shown(service, job)


@router.get("/jobs")
async def list_jobs(
    service: TheService,
    key: Caller,
    state: Literal["queued", "running", "done", "failed", "cancelled"] | None = None,
    limit: int = Query(50, ge=1, le=500),
    before: float | None = Query(None, description="Only jobs created before this time."),
) -> JobList:
    """The caller's jobs, the newest first."""

    def listed() -> JobList:
        wanted = State(state) if state else None
        found = service.database.list(key.id, wanted, limit, before)
        return JobList(jobs=[_shown(service, job) for job in found])

    return await asyncio.to_thread(listed)


@router.get("/jobs/{job_id}")
async def show(job_id: str, service: TheService, key: Caller) -> JobShown:
    """How far a job is."""
    job = await job_of(service, key, job_id)
    return await asyncio.to_thread(_shown, service, job)


def _shown(service: Service, job: Job) -> JobShown:
    hidden = ("backend", "model", "max_duration")
    return JobShown(
        id=job.id,
        state=job.state.value,
        filename=job.filename,
        backend=job.options["backend"],
        model=job.options["model"],
        options={name: value for name, value in job.options.items() if name not in hidden},
        priority=job.priority,
        parent=job.parent,
        range=[job.range_start, job.range_end] if job.parent else None,
        created=job.created,
        started=job.started,
        ended=job.ended,
        duration=job.duration,
        done=job.done,
        time_left=_time_left(job),
        position=service.database.ahead(job) if job.state is State.QUEUED else None,
        error=job.error,
    )


def _time_left(job: Job) -> float | None:
    if job.state is not State.RUNNING or not (job.started and job.duration and job.done):
        return None
    return round((time.time() - job.started) / job.done * max(0.0, job.duration - job.done), 1)


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def events(
    job_id: str, request: Request, service: TheService, key: Caller
) -> StreamingResponse:
    """What happens to a job, live: `state`, `segment` and `progress`, until it ends.

    A client that comes back with `Last-Event-ID` gets what it has missed.
    """
    job = await job_of(service, key, job_id)
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else 0
    stream = _news(service, job, after)
    return StreamingResponse(stream, headers=live.HEADERS, media_type="text/event-stream")


async def _news(service: Service, job: Job, after: int) -> AsyncIterator[str]:
    shown, quiet = -1.0, 0.0
    while True:
        now = await asyncio.to_thread(service.database.job, job.id)
        for told in await asyncio.to_thread(service.database.told, job.id, after):
            after, quiet = told.number, 0.0
            yield live.event(told.body, told.kind, told.number)
        if now is None:
            yield live.event({"state": "deleted"}, "state")
            return
        if now.done != shown:
            shown, quiet = now.done, 0.0
            body = {"done": now.done, "duration": now.duration, "time_left": _time_left(now)}
            yield live.event(body, "progress")
        if now.state.final or not service.ready:
            return
        await asyncio.sleep(LISTEN)
        quiet += LISTEN
        if quiet > 15:
            quiet = 0.0
            yield ": still here\n\n"


@router.get(
    "/jobs/{job_id}/transcript",
    response_class=Response,
    responses={**CONFLICT, 200: {"content": {kind: {} for kind in TYPES.values()}}},
)
async def transcript(
    job_id: str,
    service: TheService,
    key: Caller,
    format: Literal["json", "txt", "srt", "vtt", "tsv"] = "json",
    max_line_width: int | None = Query(None, ge=1),
    max_line_count: int | None = Query(None, ge=1),
    max_words_per_line: int | None = Query(None, ge=1),
) -> Response:
    """The transcript, as a file. The three layout options cut subtitles (they need word times)."""
    job = await job_of(service, key, job_id)
    if job.transcript is None:
        raise Refused(409, f"the job is {job.state}", job.error or "", code="no_transcript")
    layout = Layout(max_line_width, max_line_count, max_words_per_line)
    found = await asyncio.to_thread(records.load, job.transcript)
    stem = uploads.header_name(job.filename.rsplit(".", 1)[0])
    headers = {"Content-Disposition": f'attachment; filename="{stem}.{format}"'}
    text = await asyncio.to_thread(formats.render, found, format, layout)
    return Response(text, headers=headers, media_type=TYPES[format])


@router.put("/jobs/{job_id}/transcript", status_code=204, responses=CONFLICT)
async def correct(job_id: str, edited: Edited, service: TheService, key: Caller) -> Response:
    """Replace the segments by corrected ones; every format is made of them from then on."""
    job = await job_of(service, key, job_id)
    if job.transcript is None:
        raise Refused(409, f"the job is {job.state}", code="no_transcript")
    segments = []
    for number, given in enumerate(edited.segments):
        if given.end < given.start:
            raise Refused(400, f"segment {number} ends before it starts", param="segments")
        words = tuple(Word(**word.model_dump()) for word in given.words)
        segments.append(
            Segment(number, given.start, given.end, given.text, words, speaker=given.speaker)
        )

    def save() -> None:
        whole = records.load(job.transcript or "")
        text = "".join(segment.text for segment in segments).strip()
        mended = replace(whole, segments=tuple(segments), text=text, gaps=())
        service.database.change(job.id, only_in=[State.DONE], transcript=records.dump(mended))

    await asyncio.to_thread(save)
    return Response(status_code=204)


@router.get(
    "/jobs/{job_id}/audio",
    response_class=FileResponse,
    responses={
        206: {"description": "The range that was asked for."},
        416: {"description": "There is no such range."},
    },
)
async def audio(job_id: str, service: TheService, key: Caller) -> FileResponse:
    """The recording as it was uploaded; ranges work, so players can seek."""
    job = await job_of(service, key, job_id)
    upload = service.jobs.place(job.parent or job.id).upload
    if not upload.is_file():
        raise Refused(404, "the audio of this job is gone", code="audio_not_found")
    return FileResponse(upload, media_type="application/octet-stream")


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel(job_id: str, service: TheService, key: Caller) -> JobShown:
    """Stop a job: at once where it waits, after the batch in flight where it runs."""
    job = await job_of(service, key, job_id)
    await asyncio.to_thread(service.jobs.cancel, job.id)
    return await show(job_id, service, key)


@router.delete("/jobs/{job_id}", status_code=204)
async def delete(job_id: str, service: TheService, key: Caller) -> Response:
    """Stop a job and remove all of it: the audio, the transcript, the record."""
    job = await job_of(service, key, job_id)
    await asyncio.to_thread(service.jobs.delete, job.id)
    return Response(status_code=204)


@router.post("/jobs/{job_id}/retry", status_code=202, responses=CONFLICT)
async def retry(job_id: str, service: TheService, key: Caller) -> JobShown:
    """Do a finished, failed or cancelled job again from the beginning."""
    job = await job_of(service, key, job_id)

    def again() -> bool:
        if not service.jobs.retry(job):
            return False
        fresh = service.database.job(job.id)
        if fresh:
            service.worker.enqueue(fresh)
        return True

    if not await asyncio.to_thread(again):
        raise Refused(409, f"the job is {job.state}", "cancel it first", code="not_finished")
    return await show(job_id, service, key)


@router.post("/jobs/{job_id}/ranges", status_code=201, responses=CONFLICT)
async def decode_again(job_id: str, range: Range, service: TheService, key: Caller) -> JobShown:
    """Decode a stretch again, with other options if given. A job of its own, whose result takes
    the place of what the transcript has there."""
    job = await job_of(service, key, job_id)
    if job.transcript is None or job.parent is not None:
        raise Refused(409, "the job has no transcript of its own", code="no_transcript")
    if range.end <= range.start:
        raise Refused(400, "the range ends before it starts", param="end")
    if range.start >= (job.duration or 0.0):
        raise Refused(400, "the range starts after the recording's end", param="start")
    await asyncio.to_thread(service.jobs.room)
    before = {n: v for n, v in job.options.items() if n != "max_duration"}
    ask = service.speech.ask(**{**before, **range.options()})
    id, _ = service.jobs.new_place()
    again = Job(
        id=id,
        owner=key.id,
        dialect="api",
        filename=job.filename,
        options={**ask.as_dict(), "max_duration": job.options.get("max_duration")},
        priority=job.priority,
        parent=job.id,
        range_start=range.start,
        range_end=range.end,
    )
    return await asyncio.to_thread(_accept, service, again)


@router.get("/info")
async def info(service: TheService, key: Caller) -> dict[str, Any]:
    """What this server has and allows, for pages and clients."""
    kept = await asyncio.to_thread(shelf.listing)
    return {
        "model": service.speech.model(None) if "/" not in service.settings.model else "local",
        "backend": service.settings.backend,
        "models": sorted({one.name for one in kept}),
        "backends": [spec.name for spec in registry.specs().values() if spec.installed()],
        "formats": list(FORMATS),
        "max_upload": service.max_upload(key),
        "max_duration": service.max_duration(key),
        "retention_days": service.settings.retention_days,
        "webhooks": sorted(service.notices.webhooks),
        "disclaimer": service.settings.disclaimer,
    }
