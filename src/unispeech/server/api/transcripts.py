"""Routes that read a job's transcript in any format and check its subtitles."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from unispeech.server.api.layout_query import TheLayout, TheLimits
from unispeech.server.api.transcript_schemas import Checked, Violation
from unispeech.server.http import forms
from unispeech.server.http.dependencies import TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.jobs import word_document
from unispeech.server.jobs.jojo_document import jojo_document
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.text import formats, subtitles
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

router = APIRouter(tags=["Transcripts"], route_class=Route)

Format = Literal["json", "txt", "srt", "vtt", "tsv", "jojo", "docx"]
TYPES = {"txt": "text/plain", "srt": "text/plain", "vtt": "text/vtt",
         "tsv": "text/tab-separated-values", "json": "application/json",
         "jojo": "application/json", "docx": word_document.MEDIA_TYPE}  # fmt: skip
"""Media types of the formats."""

NO_TRANSCRIPT: dict[int | str, dict[str, Any]] = {
    409: {"description": "The job has no transcript yet, or failed."}
}
TRANSCRIPT_RESPONSES: dict[int | str, dict[str, Any]] = {
    **NO_TRANSCRIPT,
    200: {"content": {media_type: {} for media_type in TYPES.values()}},
    304: {"description": "The revision of `If-None-Match` is current."},
}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Format and layout of a downloaded transcript."""

    layout: TheLayout
    format: Annotated[Format, Query(description="File format.")] = "json"
    inline: Annotated[bool, Query(description="Show it in the browser, not as a download.")] = False


TheRenderOptions = Annotated[RenderOptions, Depends()]


@router.get(
    "/jobs/{job_id}/transcript",
    summary="Download the transcript",
    response_class=Response,
    responses=TRANSCRIPT_RESPONSES,
)
async def transcript(
    job: TheJob, request: Request, service: TheService, options: TheRenderOptions
) -> Response:
    """Download the transcript in any format. The layout options apply to `srt` and `vtt`.

    The ETag is that of the revision, for `If-None-Match` here and `If-Match` of edits.
    """
    number = current_revision(job, job.error or "")
    return await transcript_response(request, service, job, number, options)


def current_revision(job: Job, hint: str = "") -> int:
    """Return the number of the current revision.

    Raises:
        RequestError: 409, the job has no transcript.
    """
    if job.revision is None:
        raise RequestError(409, f"the job is {job.state}", hint, code="no_transcript")
    return job.revision


async def transcript_response(
    request: Request, service: Service, job: Job, number: int, options: RenderOptions
) -> Response:
    headers = {"ETag": f'"{number}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if not options.inline:
        stem = forms.header_name(job.filename.rsplit(".", 1)[0])
        headers["Content-Disposition"] = f'attachment; filename="{stem}.{options.format}"'

    def content() -> str | bytes:
        return render(job, stored_transcript(service, job, number), options)

    text = await asyncio.to_thread(content)
    return Response(text, headers=headers, media_type=TYPES[options.format])


def render(job: Job, transcript: Transcript, options: RenderOptions) -> str | bytes:
    if options.format == "jojo":
        return bytes(JSONResponse(jojo_document(job, transcript)).body)
    if options.format == "docx":
        return word_document.word_document(transcript, job.filename)
    return formats.render(transcript, options.format, options.layout)


def stored_transcript(service: Service, job: Job, number: int) -> Transcript:
    """Return the transcript of a revision.

    Raises:
        RequestError: 404, the revision does not exist.
    """
    transcript = service.jobs.revisions.transcript(job.id, number)
    if transcript is None:
        raise RequestError(404, f"there is no revision {number}", code="revision_not_found")
    return transcript


@router.get(
    "/jobs/{job_id}/transcript/check", summary="Check the subtitles", responses=NO_TRANSCRIPT
)
async def check(job: TheJob, service: TheService, layout: TheLimits) -> Checked:
    """Return the subtitles that violate a limit: too wide, too fast, too short, overlapping..."""
    return await check_subtitles(service, job, current_revision(job, job.error or ""), layout)


async def check_subtitles(service: Service, job: Job, number: int, layout: Layout) -> Checked:
    def measure() -> Checked:
        transcript = stored_transcript(service, job, number)
        cues = subtitles.cues(transcript, layout)
        violations = [
            Violation.model_validate(asdict(violation))
            for violation in subtitles.violations(cues, layout, transcript.language)
        ]
        return Checked(revision=number, cues=len(cues), violations=violations)

    return await asyncio.to_thread(measure)
