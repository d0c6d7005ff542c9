"""Routes for a job's recording: media type, audio, waveform."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from weakref import WeakValueDictionary

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from unispeech.errors import AudioError
from unispeech.server.http.byte_ranges import RangedFile, RangedObject
from unispeech.server.http.dependencies import TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.http.wav_response import WavResponse
from unispeech.server.jobs import waveform
from unispeech.server.jobs.lifecycle import PLAYABLE, UPLOAD, WAVEFORM, key
from unispeech.server.service import Service
from unispeech.server.speech.decoders import DecodeRange
from unispeech.server.storage.database import Job
from unispeech.server.storage.recording_store import Stored

router = APIRouter(tags=["Audio"], route_class=Route)

OCTETS = "application/octet-stream"
PROPERTIES = "properties.json"
"""Name of the file with the properties of a recording."""
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
"""One lock for each file that is being made."""


async def _upload(service: Service, job: Job) -> Stored:
    store = service.jobs.store
    upload = await store.run(store.find, key(job.parent or job.id, UPLOAD))
    if upload is None:
        raise RequestError(404, "the audio of this job was deleted", code="audio_not_found")
    return upload


async def _playable(service: Service, job: Job) -> str:
    """Return the key of the recording as FLAC of 16 kHz mono, which the first request decodes."""
    await _upload(service, job)
    store = service.jobs.store
    playable = key(job.parent or job.id, PLAYABLE)
    async with _lock(playable):
        if await store.run(store.find, playable) is None:
            limit = job.max_duration or service.settings.max_duration
            range = DecodeRange(max_duration=limit)  # the job may have failed for its length
            async with _local(service, job, UPLOAD) as upload:
                part = upload.with_name(f"{uuid.uuid4()}.flac")
                try:
                    await service.speech.decoders.decode_async(upload, part, job.filename, range)
                    await store.run(store.add, part, playable)
                finally:
                    part.unlink(missing_ok=True)
    await store.run(store.touch, playable)  # requested: do not expire
    return playable


@contextlib.asynccontextmanager
async def _local(service: Service, job: Job, name: str) -> AsyncIterator[Path]:
    """Lend a local copy of a file of the recording."""
    store = service.jobs.store
    lent = service.jobs.local(job.parent or job.id, name)
    path = await store.run(lent.__enter__)
    try:
        yield path
    finally:
        await store.run(lent.__exit__, None, None, None)


def _lock(file: str) -> asyncio.Lock:
    return _locks.setdefault(file, asyncio.Lock())


@router.get("/jobs/{job_id}/media", summary="Describe the recording", responses=NOT_MEDIA)
async def media(job: TheJob, service: TheService) -> dict[str, Any]:
    """Return the media type, codecs, duration and picture size of the recording."""
    return await describe_media(service, job)


async def describe_media(service: Service, job: Job) -> dict[str, Any]:
    upload = await _upload(service, job)
    properties = await _properties(service, job)
    names = properties.pop("container").split(",")
    subtype = next((CONTAINERS[name] for name in CONTAINERS if name in names), None)
    kind = "video" if properties["video"] else "audio"
    return {
        "type": f"{kind}/{subtype}" if subtype else OCTETS,
        "bytes": upload.size,
        "duration": job.duration,
        **properties,
    }


async def _properties(service: Service, job: Job) -> dict[str, Any]:
    """Return what the decoder reads from the header. It is kept in a store that is elsewhere: the
    header of an MP4 may be at its end, so the whole recording is fetched for it."""
    store = service.jobs.store
    properties = key(job.parent or job.id, PROPERTIES)
    if known := await store.run(store.get, properties):
        return dict(json.loads(known))
    async with _local(service, job, UPLOAD) as upload:
        try:
            found = await service.speech.decoders.probe(upload, job.filename)
        except AudioError as error:
            raise RequestError(409, error.message, error.hint, code="not_media") from None
    if store.path(properties) is None:
        await store.run(store.put, properties, json.dumps(found).encode())
    return found


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
        return WavResponse(service.jobs.store, await _playable(service, job), PRIVATE)
    upload = await _upload(service, job)
    store = service.jobs.store
    if (path := store.path(upload.key)) is not None:
        return RangedFile(path, headers=PRIVATE, media_type=OCTETS)
    return RangedObject(store, upload, PRIVATE, OCTETS)


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
    await _upload(service, job)
    identity = f"{job.parent or job.id} {query}"
    headers = {**PRIVATE, "ETag": f'"{hashlib.sha256(identity.encode()).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    span = (query.per_second, query.start, query.end)
    store, stored = service.jobs.store, key(job.parent or job.id, WAVEFORM)
    duration = job.duration
    peaks = None
    if duration is not None:
        peaks = await store.run(lambda: waveform.load_peaks(store.get(stored), *span))
    if peaks is None:  # the job is not done, or older than stored waveforms
        await _playable(service, job)
        async with _local(service, job, PLAYABLE) as sound, _lock(stored):
            duration = duration or await asyncio.to_thread(waveform.duration, sound)
            if await store.run(store.find, stored) is None:
                target = sound.with_name(WAVEFORM)
                await asyncio.to_thread(waveform.save_peaks, sound, target)
                await store.run(store.add, target, stored)
                if store.path(stored) is None:  # it was copied, not moved
                    target.unlink()
            peaks = await asyncio.to_thread(waveform.measure_peaks, sound, *span)
    if query.format == "binary":
        return Response(peaks.tobytes(), headers=headers, media_type=OCTETS)
    body = {"per_second": query.per_second, "start": query.start, "duration": duration}
    text = json.dumps({**body, "peaks": peaks.ravel().tolist()})
    return Response(text, headers=headers, media_type="application/json")
