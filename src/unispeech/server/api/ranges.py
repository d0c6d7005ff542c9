"""Routes that decode a range of a recording again, and apply the result."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from unispeech import languages
from unispeech.server.api.job_view import job_view
from unispeech.server.api.jobs import CONFLICT, accept
from unispeech.server.api.schemas import JobShown, Range
from unispeech.server.api.vocabularies import options_with_words
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.jobs import corrections
from unispeech.server.jobs.ranges import range_job

router = APIRouter(tags=["Transcripts"], route_class=Route)

SPEAKERS = ("diarize", "min_speakers", "max_speakers")
"""Options not inherited by a range: its speakers would get other names. It keeps the old ones."""
PART = ("start", "end")
"""Options not inherited by a range: it has its own start and end."""
MIN_DURATION = 0.01
"""Shortest range in seconds; a shorter one may contain no sample."""
DETECTION = ("language_per_chunk", "language_id_model", "detect_language")
"""Options not inherited by a range whose language is set."""


@router.post(
    "/jobs/{job_id}/ranges", summary="Decode a range again", status_code=201, responses=CONFLICT
)
async def decode_again(job: TheJob, range: Range, service: TheService, key: Caller) -> JobShown:
    """Create a job that decodes a range of the recording again, optionally with other options.

    Its result replaces that range of the transcript, unless the range is edited meanwhile or
    `apply` is false. Without `start` and `end` the whole recording is transcribed again; the old
    transcript stays until the new one is complete.
    """
    if job.revision is None or job.parent is not None:
        raise RequestError(409, "the job has no transcript of its own", code="no_transcript")
    is_whole = range.start == 0 and range.end is None
    if not is_whole:
        _check_times(range, job.duration or 0.0)
    await asyncio.to_thread(service.jobs.check_capacity)
    options = await asyncio.to_thread(options_with_words, service.database, key, range)
    language = options.get("language")
    is_known = bool(language) and not languages.is_automatic(language)
    excluded = (*(() if is_whole else (*SPEAKERS, *PART)), *(DETECTION if is_known else ()))
    inherited = {n: v for n, v in job.options.items() if n not in excluded}
    base = {"backend": job.backend, "model": job.model, **inherited}
    speech_request = service.speech.make_request(**{**base, **options})
    digest = None
    if range.apply:
        whole = await asyncio.to_thread(service.jobs.revisions.transcript, job.id, job.revision)
        if whole is not None:
            digest = corrections.digest(whole, range.start, range.end or float("inf"))
    part = range_job(service.jobs, job, key.id, speech_request, range.start, range.end, digest)
    return await asyncio.to_thread(accept, service, part)


def _check_times(range: Range, duration: float) -> None:
    """Check that a range is in the recording and not empty.

    Raises:
        RequestError: 400, it is not.
    """
    end = duration if range.end is None else range.end
    if range.end is not None and range.end <= range.start:
        raise RequestError(400, "the range ends before it starts", param="end")
    if range.start >= duration:
        raise RequestError(
            400, f"the range starts after the end of the recording ({duration:g} s)", param="start"
        )
    if min(end, duration) - range.start < MIN_DURATION:
        raise RequestError(400, f"the range is shorter than {MIN_DURATION:g} s", param="end")


@router.post("/jobs/{job_id}/apply", summary="Apply a range", responses=CONFLICT)
async def apply(part: TheJob, service: TheService) -> JobShown:
    """Replace the range of the parent's transcript by this job's result, even if it was edited."""
    if part.parent is None:
        raise RequestError(409, "the job is not a range of another job", code="not_a_range")

    def merge() -> bool:
        transcript = service.jobs.revisions.transcript(part.id, part.revision)
        return transcript is not None and service.jobs.merge(part, transcript, forced=True)

    if part.revision is None or not await asyncio.to_thread(merge):
        raise RequestError(409, "the range or its parent is not done", code="no_transcript")
    return await asyncio.to_thread(job_view, service, part)
