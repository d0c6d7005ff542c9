"""The transcript of a job, read in any format."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from unispeech.server.api.transcript_schemas import Checked, Violation
from unispeech.server.http import forms
from unispeech.server.http.dependencies import TheJob, TheService
from unispeech.server.http.error_responses import Refused
from unispeech.server.jobs import word_document
from unispeech.server.jobs.jojo_document import jojo_document
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.text import formats, subtitles
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

router = APIRouter(tags=["Transcripts"])

Format = Literal["json", "txt", "srt", "vtt", "tsv", "jojo", "docx"]
TYPES = {"txt": "text/plain", "srt": "text/plain", "vtt": "text/vtt",
         "tsv": "text/tab-separated-values", "json": "application/json",
         "jojo": "application/json", "docx": word_document.KIND}  # fmt: skip

NONE_YET: dict[int | str, dict[str, Any]] = {409: {"description": "There is no transcript."}}
READ: dict[int | str, dict[str, Any]] = {
    **NONE_YET,
    200: {"content": {kind: {} for kind in TYPES.values()}},
    304: {"description": "It is still the revision of If-None-Match."},
}


def layout(
    max_line_width: int | None = Query(None, ge=1, le=1000),
    max_line_count: int | None = Query(None, ge=1, le=1000),
    max_words_per_line: int | None = Query(None, ge=1, le=1000),
    max_cps: float | None = Query(None, ge=1, le=1000, description="Characters a second."),
) -> Layout:
    return Layout(max_line_width, max_line_count, max_words_per_line, max_cps)


def readable(
    max_line_width: int = Query(42, ge=1, le=1000),
    max_line_count: int = Query(2, ge=1, le=1000),
    max_words_per_line: int | None = Query(None, ge=1, le=1000),
    max_cps: float = Query(17, ge=1, le=1000, description="Characters a second."),
) -> Layout:
    """A layout that most people can read in time."""
    return Layout(max_line_width, max_line_count, max_words_per_line, max_cps)


TheLayout = Annotated[Layout, Depends(layout)]
Readable = Annotated[Layout, Depends(readable)]


@dataclass(frozen=True, slots=True)
class Rendering:
    """As what a transcript is wanted."""

    layout: TheLayout
    format: Format = "json"
    inline: bool = False


TheRendering = Annotated[Rendering, Depends()]


@router.get("/jobs/{job_id}/transcript", response_class=Response, responses=READ)
async def transcript(
    job: TheJob, request: Request, service: TheService, wanted: TheRendering
) -> Response:
    """The transcript, as a file. The layout options cut subtitles."""
    return await as_file(request, service, job, current(job, job.error or ""), wanted)


def current(job: Job, why: str = "") -> int:
    """The revision that is the transcript.

    Raises:
        Refused: 409, there is none.
    """
    if job.revision is None:
        raise Refused(409, f"the job is {job.state}", why, code="no_transcript")
    return job.revision


async def as_file(
    request: Request, service: Service, job: Job, number: int, wanted: Rendering
) -> Response:
    headers = {"ETag": f'"{number}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if not wanted.inline:
        stem = forms.header_name(job.filename.rsplit(".", 1)[0])
        headers["Content-Disposition"] = f'attachment; filename="{stem}.{wanted.format}"'

    def rendered() -> str | bytes:
        return render(job, found(service, job, number), wanted)

    text = await asyncio.to_thread(rendered)
    return Response(text, headers=headers, media_type=TYPES[wanted.format])


def render(job: Job, transcript: Transcript, wanted: Rendering) -> str | bytes:
    if wanted.format == "jojo":
        return bytes(JSONResponse(jojo_document(job, transcript)).body)
    if wanted.format == "docx":
        return word_document.word_document(transcript, job.filename)
    return formats.render(transcript, wanted.format, wanted.layout)


def found(service: Service, job: Job, number: int) -> Transcript:
    """Raises:
    Refused: 404, there is no such revision.
    """
    transcript = service.jobs.revisions.transcript(job.id, number)
    if transcript is None:
        raise Refused(404, f"there is no revision {number}", code="revision_not_found")
    return transcript


@router.get("/jobs/{job_id}/transcript/check", responses=NONE_YET)
async def check(job: TheJob, service: TheService, layout: Readable) -> Checked:
    """Which subtitles of a download with this layout are too wide, too fast or too early."""
    return await checked(service, job, current(job, job.error or ""), layout)


async def checked(service: Service, job: Job, number: int, layout: Layout) -> Checked:
    def measured() -> Checked:
        cues = subtitles.cues(found(service, job, number), layout)
        wrong = subtitles.violations(cues, layout)
        violations = [Violation.model_validate(asdict(one)) for one in wrong]
        return Checked(revision=number, cues=len(cues), violations=violations)

    return await asyncio.to_thread(measured)
