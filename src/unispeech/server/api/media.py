"""The recording of a job, to be played and to be seen."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, Response

from unispeech.errors import AudioError
from unispeech.server.http.dependencies import TheJob, TheService
from unispeech.server.http.error_responses import Refused
from unispeech.server.jobs import waveform
from unispeech.server.service import Service
from unispeech.server.speech.decoders import Cut
from unispeech.server.storage.database import Job

router = APIRouter(tags=["Sound"])

KINDS = {"mp3": "mpeg", "wav": "wav", "flac": "flac", "ogg": "ogg", "mp4": "mp4", "webm": "webm"}
"""What FFmpeg calls a container, and browsers."""
Form = Literal["upload", "wav"]
PRIVATE = {"Cache-Control": "private, no-cache"}
"""No cache between may keep somebody's recording; an address with a token has no other guard."""
RANGES: dict[int | str, dict[str, Any]] = {
    206: {"description": "The range that was asked for."},
    416: {"description": "There is no such range."},
}
PEAKS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "application/octet-stream": {}}},
    304: {"description": "It is still that of If-None-Match."},
}
NOT_MEDIA: dict[int | str, dict[str, Any]] = {409: {"description": "It cannot be read."}}
_making = asyncio.Lock()


def _upload(service: Service, job: Job) -> Path:
    upload = service.jobs.place(job.parent or job.id).upload
    if not upload.is_file():
        raise Refused(404, "the audio of this job is gone", code="audio_not_found")
    return upload


async def _wav(service: Service, job: Job) -> Path:
    """The recording as 16 kHz mono; made when it is first asked for."""
    upload = _upload(service, job)
    kept = upload.with_name("playable.wav")
    async with _making:
        if not kept.is_file():
            fresh = upload.with_name("playable.part")
            limit = job.max_duration or service.settings.max_duration
            cut = Cut(longest=limit)  # a job that was too long for it is still here to be heard
            try:
                await service.speech.decoders.decode_async(upload, fresh, job.filename, cut)
                fresh.replace(kept)
            finally:
                fresh.unlink(missing_ok=True)
    return kept


@router.get("/jobs/{job_id}/media", responses=NOT_MEDIA)
async def media(job: TheJob, service: TheService) -> dict[str, Any]:
    """What the recording is, for `canPlayType` and for the size of a picture."""
    return await described(service, job)


async def described(service: Service, job: Job) -> dict[str, Any]:
    upload = _upload(service, job)
    try:
        found = await service.speech.decoders.look(upload, job.filename)
    except AudioError as error:
        raise Refused(409, error.message, error.hint, code="not_media") from None
    names = found.pop("container").split(",")
    name = next((KINDS[one] for one in KINDS if one in names), None)
    kind = "video" if found["video"] else "audio"
    return {
        "type": f"{kind}/{name}" if name else "application/octet-stream",
        "bytes": upload.stat().st_size,
        "duration": job.duration,
        **found,
    }


@router.get("/jobs/{job_id}/audio", response_class=FileResponse, responses=RANGES)
async def audio(job: TheJob, service: TheService, form: Form = "upload") -> FileResponse:
    """The recording as it came, or as 16 kHz mono; ranges work, so players can seek."""
    return await played(service, job, form)


async def played(service: Service, job: Job, form: str) -> FileResponse:
    """Never with the type of the upload: a browser would show somebody's HTML as our own."""
    if form == "wav":
        return FileResponse(await _wav(service, job), headers=PRIVATE, media_type="audio/wav")
    path = _upload(service, job)
    return FileResponse(path, headers=PRIVATE, media_type="application/octet-stream")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which waveform is wanted, and how."""

    per_second: Annotated[int, Query(ge=1, le=100)] = 10
    start: Annotated[float, Query(ge=0, le=1e6)] = 0.0
    end: Annotated[float | None, Query(ge=0, le=1e6)] = None
    format: Literal["json", "binary"] = "json"


TheStretch = Annotated[Stretch, Depends()]


@router.get("/jobs/{job_id}/peaks", response_class=Response, responses=PEAKS)
async def peaks(
    job: TheJob, request: Request, service: TheService, stretch: TheStretch
) -> Response:
    """The waveform: the loudest swing down and up of each stretch, -128 to 127."""
    return await drawn(request, service, job, stretch)


async def drawn(request: Request, service: Service, job: Job, stretch: Stretch) -> Response:
    _upload(service, job)
    path = service.jobs.place(job.parent or job.id).waveform
    seen = f"{job.parent or job.id} {stretch}"
    headers = {**PRIVATE, "ETag": f'"{hashlib.sha256(seen.encode()).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    span = (stretch.per_second, stretch.start, stretch.end)
    duration = job.duration
    swings = await asyncio.to_thread(waveform.kept, path, *span) if duration is not None else None
    if swings is None:
        sound = await _wav(service, job)
        duration = duration or await asyncio.to_thread(waveform.seconds, sound)
        async with _making:
            if not path.is_file():  # the job is not done, or was before waveforms were kept
                await asyncio.to_thread(waveform.keep, sound, path)
        swings = await asyncio.to_thread(waveform.measured, sound, *span)
    if stretch.format == "binary":
        kind = "application/octet-stream"
        return Response(swings.tobytes(), headers=headers, media_type=kind)
    body = {"per_second": stretch.per_second, "start": stretch.start, "duration": duration}
    text = json.dumps({**body, "peaks": swings.ravel().tolist()})
    return Response(text, headers=headers, media_type="application/json")
