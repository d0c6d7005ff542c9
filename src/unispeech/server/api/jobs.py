"""Jobs: made, listed, stopped, done again, removed."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile

from unispeech.server.api.job_view import all_shown, holds, shown
from unispeech.server.api.schemas import Deleted, JobFields, JobInFull, JobList, JobShown, checked
from unispeech.server.http import forms
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.error_responses import Refused
from unispeech.server.http.form_schemas import model_body
from unispeech.server.jobs import fetch
from unispeech.server.jobs.lifecycle import Place
from unispeech.server.service import Service
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.disk import clean_name
from unispeech.server.storage.keys import Key

router = APIRouter(tags=["Jobs"])

CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "Not in the job's state."}}


@router.post("/jobs", status_code=201, responses=CONFLICT, openapi_extra=model_body(JobFields))
async def create(request: Request, service: TheService, key: Caller) -> JobShown:
    """Accept a recording: a form with `file`, `upload` or `url`, and any option of transcribing."""
    await asyncio.to_thread(service.jobs.room)
    form = await forms.form(request, service.max_upload(key), service.scratch)
    file = forms.file_field(form, "file")
    given = {n: v for n, v in form.multi_items() if isinstance(v, str) and v}
    fields = checked(JobFields, given)
    if (file is not None) + bool(fields.upload) + bool(fields.url) != 1:
        raise Refused(400, "give either a file or a url, or an upload", param="file")
    if fields.webhook_id and fields.webhook_id not in service.notices.webhooks:
        raise Refused(400, "the webhook is not on the server's list", param="webhook_id")
    ask = service.speech.ask(**fields.options())
    await service.speech.fetch(ask)
    id, place = service.jobs.new_place()
    try:
        name = await _receive(service, key, file, fields, place)
        await form.close()
        job = Job(
            id=id,
            owner=key.id,
            dialect="api",
            filename=clean_name(fields.filename) if fields.filename else name,
            backend=ask.backend,
            model=ask.model,
            options=ask.options,
            max_duration=service.max_duration(key),
            priority=fields.priority,
            webhook_id=fields.webhook_id,
            email=fields.email,
        )
        made = await asyncio.to_thread(accept, service, job)
        if fields.upload:
            await asyncio.to_thread(service.jobs.uploads.remove, fields.upload)
        return made
    finally:
        await asyncio.to_thread(service.jobs.tidy, id)


async def _receive(
    service: Service, key: Key, file: UploadFile | None, fields: JobFields, place: Place
) -> str:
    """The recording, in its place; the name it came with."""
    limit = service.max_upload(key)
    if file is not None:
        if not await forms.save_file(file, place.upload, limit):
            raise Refused(400, "the file is empty (0 bytes)", param="file")
        return clean_name(file.filename)
    if fields.upload:
        return await asyncio.to_thread(_take, service, key, fields.upload, place)
    if not service.settings.fetch_urls:
        raise Refused(400, "this server fetches no URLs", "upload the file", param="url")
    allowed = fetch.anywhere if service.settings.fetch_private else fetch.is_public
    return await fetch.fetch(fields.url or "", place.upload, limit, allowed)


def _take(service: Service, key: Key, id: str, place: Place) -> str:
    upload = service.jobs.uploads.find(key.id, id)
    if upload is None:
        raise Refused(404, "there is no such upload", param="upload", code="upload_not_found")
    if upload.offset < upload.size:
        raise Refused(
            409, f"only {upload.offset} of {upload.size} bytes have arrived", "send the rest",
            param="upload", code="upload_incomplete",
        )  # fmt: skip
    service.jobs.uploads.take(upload, place.upload)
    return upload.filename


def accept(service: Service, job: Job) -> JobShown:
    """Into the queue; not lost from here on."""
    job = service.jobs.accept(job)
    service.worker.enqueue(job)
    return shown(service, job)


@router.get("/jobs")
async def list_jobs(
    service: TheService,
    key: Caller,
    state: Literal["queued", "running", "done", "failed", "cancelled"] | None = None,
    parent: str | None = Query(None, description="Only jobs of ranges of this job."),
    limit: int = Query(50, ge=1, le=500),
    before: float | None = Query(None, description="Only jobs created before this time."),
) -> JobList:
    """The caller's jobs, the newest first."""

    def listed() -> JobList:
        wanted = State(state) if state else None
        found = service.database.list(key.id, wanted, limit, before, parent)
        return JobList(jobs=all_shown(service, found))

    return await asyncio.to_thread(listed)


@router.get("/jobs/{job_id}")
async def show(job: TheJob, service: TheService) -> JobInFull:
    """How far a job is, and what it holds."""

    def whole() -> JobInFull:
        return JobInFull(**shown(service, job).model_dump(), holds=holds(service, job))

    return await asyncio.to_thread(whole)


@router.delete("/jobs/{job_id}")
async def delete(job: TheJob, service: TheService) -> Deleted:
    """Stop a job and remove all of it: the audio, the transcript, the record. Says what went."""

    def removed() -> Deleted:
        gone = Deleted(id=job.id, deleted=holds(service, job))
        service.jobs.delete(job.id)
        return gone

    return await asyncio.to_thread(removed)


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel(job: TheJob, service: TheService) -> JobShown:
    """Stop a job: at once where it waits, after the batch in flight where it runs."""
    await asyncio.to_thread(service.jobs.cancel, job.id)
    return await asyncio.to_thread(_now, service, job)


@router.post("/jobs/{job_id}/retry", status_code=202, responses=CONFLICT)
async def retry(job: TheJob, service: TheService) -> JobShown:
    """Do a finished, failed or cancelled job again from the beginning."""

    def again() -> bool:
        if not service.jobs.retry(job):
            return False
        fresh = service.database.job(job.id)
        if fresh:
            service.worker.enqueue(fresh)
        return True

    if not await asyncio.to_thread(again):
        raise Refused(409, f"the job is {job.state}", "cancel it first", code="not_finished")
    return await asyncio.to_thread(_now, service, job)


def _now(service: Service, job: Job) -> JobShown:
    return shown(service, service.database.job(job.id) or job)
