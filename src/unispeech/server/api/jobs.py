"""Routes that create, cancel, retry and delete jobs."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile

from unispeech.server.api.job_view import holds, job_view, warnings
from unispeech.server.api.schemas import Deleted, JobFields, JobInFull, JobShown, validated
from unispeech.server.api.vocabularies import options_with_words
from unispeech.server.http import forms
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.form_schemas import model_body
from unispeech.server.http.routing import Route
from unispeech.server.jobs import fetch, translations
from unispeech.server.jobs.lifecycle import JobFiles
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.server.storage.disk import clean_name
from unispeech.server.storage.keys import Key

router = APIRouter(tags=["Jobs"], route_class=Route)

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "The job's state does not allow this."}
}


@router.post(
    "/jobs",
    summary="Create a job",
    status_code=201,
    responses={409: {"description": "The upload is incomplete."}},
    openapi_extra=model_body(JobFields),
)
async def create(request: Request, service: TheService, key: Caller) -> JobShown:
    """Queue a recording for transcription.

    Send exactly one of `file`, `upload` (the ID of a finished upload) and `url`, and any
    transcription options.
    """
    await asyncio.to_thread(service.jobs.check_capacity, key.id)
    form = await forms.form(request, service.max_upload(key), service.scratch)
    file = forms.file_field(form, "file")
    fields = validated(JobFields, _text_fields(form))
    if (file is not None) + bool(fields.upload) + bool(fields.url) != 1:
        raise RequestError(400, "send exactly one of file, upload and url", param="file")
    if fields.webhook_id and fields.webhook_id not in service.notices.webhooks:
        raise RequestError(
            400,
            f"webhook {fields.webhook_id[:100]!r} is not on the server's list",
            "see webhooks in /api/info",
            param="webhook_id",
        )
    options = await asyncio.to_thread(options_with_words, service.database, key, fields)
    speech_request = service.speech.make_request(**options)
    await service.speech.fetch_weights(speech_request)
    id, files = service.jobs.new_folder()
    try:
        name = await _receive(service, key, file, fields, files)
        await form.close()
        job = Job(
            id=id,
            owner=key.id,
            dialect="api",
            filename=clean_name(fields.filename) if fields.filename else name,
            backend=speech_request.backend,
            model=speech_request.model,
            options=speech_request.options,
            max_duration=service.max_duration(key),
            priority=fields.priority,
            webhook_id=fields.webhook_id,
            email=fields.email,
        )
        created = await service.jobs.store.run(accept, service, job)
        if fields.upload:
            await service.jobs.store.run(service.jobs.uploads.remove, fields.upload)
        return created
    finally:
        await service.jobs.store.run(service.jobs.discard_unaccepted, id)


def _text_fields(fields: FormData) -> dict[str, str]:
    """Return the fields that are not empty, besides files.

    Raises:
        RequestError: 400, a field occurs twice.
    """
    texts: dict[str, str] = {}
    for name, value in fields.multi_items():
        if isinstance(value, str) and value:
            if name in texts:
                message = f"field {name[:100]!r} occurs twice"
                raise RequestError(
                    400, message, "send it once", param=name[:100], code="invalid_value"
                )
            texts[name] = value
    return texts


async def _receive(
    service: Service, key: Key, file: UploadFile | None, fields: JobFields, files: JobFiles
) -> str:
    """Store the recording in the job's folder, and return its file name."""
    limit = service.max_upload(key)
    if file is not None:
        if not await forms.save_file(file, files.upload, limit):
            raise RequestError(400, "the file is empty (0 bytes)", param="file")
        return clean_name(file.filename)
    if fields.upload:
        return await service.jobs.store.run(_take, service, key, fields.upload, files)
    return await fetch.fetch_allowed(service.settings, fields.url or "", files.upload, limit)


def _take(service: Service, key: Key, id: str, files: JobFiles) -> str:
    upload = service.jobs.uploads.find(key.id, id)
    if upload is None:
        raise RequestError(404, "there is no such upload", param="upload", code="upload_not_found")
    if upload.offset < upload.size:
        raise RequestError(
            409, f"the upload has only {upload.offset} of {upload.size} bytes", "send the rest",
            param="upload", code="upload_incomplete",
        )  # fmt: skip
    service.jobs.uploads.take(upload, files.upload)
    return upload.filename


def accept(service: Service, job: Job) -> JobShown:
    """Store and enqueue a job, which survives a restart from here on."""
    job = service.jobs.accept(job)
    service.worker.enqueue(job)
    return job_view(service, job)


@router.get("/jobs/{job_id}", summary="Show a job")
async def show(job: TheJob, service: TheService) -> JobInFull:
    """Return a job with its state and progress, and the data that deleting it would remove."""

    def query() -> JobInFull:
        translation = translations.find(service.jobs, job.id)
        return JobInFull(
            **job_view(service, job).model_dump(),
            holds=holds(service, job),
            warnings=warnings(service, job),
            translation=translation.latest.state.value if translation else None,
        )

    return await service.jobs.store.run(query)


@router.delete("/jobs/{job_id}", summary="Delete a job")
async def delete(job: TheJob, service: TheService) -> Deleted:
    """Cancel a job and delete its audio, transcript and history. Returns what was deleted."""

    def remove() -> Deleted:
        deleted = Deleted(id=job.id, deleted=holds(service, job))
        service.jobs.delete(job.id)
        return deleted

    return await service.jobs.store.run(remove)


@router.post("/jobs/{job_id}/cancel", summary="Cancel a job", status_code=202)
async def cancel(job: TheJob, service: TheService) -> JobShown:
    """Cancel a queued job at once, and a running one after the batch in flight."""
    await asyncio.to_thread(service.jobs.cancel, job.id)
    return await asyncio.to_thread(_current_view, service, job)


@router.post("/jobs/{job_id}/retry", summary="Retry a job", status_code=202, responses=CONFLICT)
async def retry(job: TheJob, service: TheService) -> JobShown:
    """Run a finished, failed or cancelled job again from the beginning.

    A finished job keeps its transcript until the new one is complete, and if the run is cancelled
    or fails.
    """

    def enqueue() -> bool:
        if not service.jobs.retry(job):
            return False
        queued = service.database.job(job.id)
        if queued:
            service.worker.enqueue(queued)
        return True

    if not await asyncio.to_thread(enqueue):
        raise RequestError(409, f"the job is {job.state}", "cancel it first", code="not_finished")
    return await asyncio.to_thread(_current_view, service, job)


def _current_view(service: Service, job: Job) -> JobShown:
    return job_view(service, service.database.job(job.id) or job)
