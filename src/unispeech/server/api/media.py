"""Routes for a job's recording: media type, audio, waveform."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from weakref import WeakValueDictionary

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from unispeech.errors import AudioError
from unispeech.server.http.byte_ranges import RangedFile
from unispeech.server.http.dependencies import TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.http.wav_response import WavResponse
from unispeech.server.jobs import waveform
from unispeech.server.service import Service
from unispeech.server.speech.decoders import DecodeRange
from unispeech.server.storage.database import Job

router = APIRouter(tags=["Audio"], route_class=Route)

CONTAINERS = {
    "mp3": "mpeg",
    "wav": "wav",
    "flac": "flac",
    "ogg": "ogg",
    "mp4": "mp4",
    "webm": "webm",
}
"""Media subtypes by FFmpeg's names of containers."""
AudioForm = Annotated[
    Literal["upload", "wav"],
    Query(description="`upload`: the file as uploaded; `wav`: decoded to 16 kHz mono."),
]
PRIVATE = {"Cache-Control": "private, no-cache"}
"""Keeps recordings out of shared caches: for a URL with a token there is no other protection."""
RANGE_RESPONSES: dict[int | str, dict[str, Any]] = {
    206: {"description": "The requested byte range."},
    416: {"description": "The byte range is outside of the file."},
}
PEAKS_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "application/octet-stream": {}}},
    304: {"description": "The waveform of `If-None-Match` is current."},
}
NOT_MEDIA: dict[int | str, dict[str, Any]] = {409: {"description": "The recording cannot be read."}}
_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""One lock for each job whose recording is being decoded."""


def _upload(service: Service, job: Job) -> Path:
    upload = service.jobs.files(job.parent or job.id).upload
    if not upload.is_file():
        raise RequestError(404, "the audio of this job was deleted", code="audio_not_found")
    return upload


async def _playable(service: Service, job: Job) -> Path:
    """Return the recording as FLAC of 16 kHz mono, which the first request decodes."""
    upload = _upload(service, job)
    files = service.jobs.files(job.parent or job.id)
    async with _lock(files.folder.name):
        if not files.playable.is_file():
            part = files.folder / f"{uuid.uuid4()}.flac"
            limit = job.max_duration or service.settings.max_duration
            range = DecodeRange(max_duration=limit)  # the job may have failed for its length
            try:
                await service.speech.decoders.decode_async(upload, part, job.filename, range)
                part.replace(files.playable)
            finally:
                part.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):  # the job has just been deleted
        os.utime(files.playable)  # requested: do not expire
    return files.playable


def _lock(job: str) -> asyncio.Lock:
    return _locks.setdefault(job, asyncio.Lock())


@router.get("/jobs/{job_id}/media", summary="Describe the recording", responses=NOT_MEDIA)
async def media(job: TheJob, service: TheService) -> dict[str, Any]:
    """Return the media type, codecs, duration and picture size of the recording."""
    return await describe_media(service, job)


async def describe_media(service: Service, job: Job) -> dict[str, Any]:
    upload = _upload(service, job)
    try:
        properties = await service.speech.decoders.probe(upload, job.filename)
    except AudioError as error:
        raise RequestError(409, error.message, error.hint, code="not_media") from None
    names = properties.pop("container").split(",")
    subtype = next((CONTAINERS[name] for name in CONTAINERS if name in names), None)
    kind = "video" if properties["video"] else "audio"
    return {
        "type": f"{kind}/{subtype}" if subtype else "application/octet-stream",
        "bytes": upload.stat().st_size,
        "duration": job.duration,
        **properties,
    }


@router.get(
    "/jobs/{job_id}/audio",
    summary="Play the recording",
    response_class=Response,
    responses=RANGE_RESPONSES,
)
async def audio(job: TheJob, service: TheService, form: AudioForm = "upload") -> Response:
    """Return the recording. Range requests work, so players can seek."""
    return await audio_response(service, job, form)


async def audio_response(service: Service, job: Job, form: str) -> Response:
    """Return the audio, never with the media type of the upload: an uploaded HTML file would run
    with the origin of this server."""
    if form == "wav":
        return WavResponse(await _playable(service, job), PRIVATE)
    path = _upload(service, job)
    return RangedFile(path, headers=PRIVATE, media_type="application/octet-stream")


@dataclass(frozen=True, slots=True)
class PeaksQuery:
    """Part, resolution and format of a waveform."""

    per_second: Annotated[int, Query(ge=1, le=100, description="Intervals per second.")] = 10
    start: Annotated[float, Query(ge=0, le=1e6, description="Start in seconds.")] = 0.0
    end: Annotated[
        float | None, Query(ge=0, le=1e6, description="End in seconds; default: the end.")
    ] = None
    format: Annotated[
        Literal["json", "binary"], Query(description="`binary`: pairs of signed bytes.")
    ] = "json"


ThePeaksQuery = Annotated[PeaksQuery, Depends()]


@router.get(
    "/jobs/{job_id}/peaks",
    summary="Show the waveform",
    response_class=Response,
    responses=PEAKS_RESPONSES,
)
async def peaks(
    job: TheJob, request: Request, service: TheService, query: ThePeaksQuery
) -> Response:
    """Return the minimum and maximum of each interval, from -128 to 127."""
    return await peaks_response(request, service, job, query)


async def peaks_response(
    request: Request, service: Service, job: Job, query: PeaksQuery
) -> Response:
    _upload(service, job)
    path = service.jobs.files(job.parent or job.id).waveform
    identity = f"{job.parent or job.id} {query}"
    headers = {**PRIVATE, "ETag": f'"{hashlib.sha256(identity.encode()).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    span = (query.per_second, query.start, query.end)
    duration = job.duration
    peaks = None
    if duration is not None:
        peaks = await asyncio.to_thread(waveform.load_peaks, path, *span)
    if peaks is None:
        sound = await _playable(service, job)
        duration = duration or await asyncio.to_thread(waveform.duration, sound)
        async with _lock(path.parent.name):
            if not path.is_file():  # the job is not done, or older than stored waveforms
                await asyncio.to_thread(waveform.save_peaks, sound, path)
        peaks = await asyncio.to_thread(waveform.measure_peaks, sound, *span)
    if query.format == "binary":
        media_type = "application/octet-stream"
        return Response(peaks.tobytes(), headers=headers, media_type=media_type)
    body = {"per_second": query.per_second, "start": query.start, "duration": duration}
    text = json.dumps({**body, "peaks": peaks.ravel().tolist()})
    return Response(text, headers=headers, media_type="application/json")
