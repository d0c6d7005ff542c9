"""A stretch of a recording decoded again, by another model if need be."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from unispeech.server.api.job_view import shown
from unispeech.server.api.jobs import CONFLICT, accept
from unispeech.server.api.schemas import JobShown, Range
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.error_responses import Refused
from unispeech.server.jobs import corrections
from unispeech.server.storage.database import Job

router = APIRouter(tags=["Transcripts"])

SPEAKERS = ("diarize", "min_speakers", "max_speakers")
"""Not told apart anew in a stretch, where the first would be another: whoever spoke there stays."""
SHORTEST = 0.01
"""Seconds of sound in a range; of fewer there may be no sample at all."""
DETECTION = ("language_per_chunk", "language_id_model", "detect_language")
"""Of the whole recording; of no use in a stretch whose language is named."""


@router.post("/jobs/{job_id}/ranges", status_code=201, responses=CONFLICT)
async def decode_again(job: TheJob, range: Range, service: TheService, key: Caller) -> JobShown:
    """Decode a stretch again, with other options if given. A job of its own, whose result takes
    the place of what the transcript has there, unless somebody has changed that meanwhile."""
    if job.revision is None or job.parent is not None:
        raise Refused(409, "the job has no transcript of its own", code="no_transcript")
    if range.end <= range.start:
        raise Refused(400, "the range ends before it starts", param="end")
    duration = job.duration or 0.0
    if range.start >= duration:
        raise Refused(400, "the range starts after the recording's end", param="start")
    if min(range.end, duration) - range.start < SHORTEST:
        raise Refused(400, f"the range has less than {SHORTEST:g} s of sound", param="end")
    await asyncio.to_thread(service.jobs.room)
    asked = range.options()
    left = (*SPEAKERS, *DETECTION) if asked.get("language") else SPEAKERS
    before = {n: v for n, v in job.options.items() if n not in left}
    kept = {"backend": job.backend, "model": job.model, **before}
    ask = service.speech.ask(**{**kept, **asked})
    digest = None
    if range.apply:
        whole = await asyncio.to_thread(service.jobs.revisions.transcript, job.id, job.revision)
        if whole is not None:
            digest = corrections.digest(whole, range.start, range.end)
    id, _ = service.jobs.new_place()
    again = Job(
        id=id,
        owner=key.id,
        dialect="api",
        filename=job.filename,
        backend=ask.backend,
        model=ask.model,
        options=ask.options,
        max_duration=job.max_duration,
        priority=job.priority,
        parent=job.id,
        range_start=range.start,
        range_end=range.end,
        range_digest=digest,
    )
    return await asyncio.to_thread(accept, service, again)


@router.post("/jobs/{job_id}/apply", responses=CONFLICT)
async def apply(part: TheJob, service: TheService) -> JobShown:
    """Put the text of a range into the transcript, whatever that has there now."""
    if part.parent is None:
        raise Refused(409, "the job is not a range of another", code="not_a_range")

    def merged() -> bool:
        text = service.jobs.revisions.transcript(part.id, part.revision)
        return text is not None and service.jobs.merge(part, text, forced=True)

    if part.revision is None or not await asyncio.to_thread(merged):
        raise Refused(409, "one of the two jobs is not done", code="no_transcript")
    return await asyncio.to_thread(shown, service, part)
