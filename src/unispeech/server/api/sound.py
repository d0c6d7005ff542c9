"""The recording of a job, to be played."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from unispeech.server.access import Caller, TheService, job_of
from unispeech.server.answers import Refused

router = APIRouter(tags=["Sound"])


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
