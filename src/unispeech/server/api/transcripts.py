"""Routes that read a job's transcript in any format and check its subtitles."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from unispeech.server.api.layout_query import TheDetails, TheLayout, TheLimits, TheRules
from unispeech.server.api.transcript_schemas import Checked, Violation
from unispeech.server.http import forms
from unispeech.server.http.dependencies import TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.jobs import translations
from unispeech.server.jobs.jojo_document import jojo_document
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.text import formats, subtitles
from unispeech.text.beside import texts_beside
from unispeech.text.formats import FORMATS
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

router = APIRouter(tags=["Transcripts"], route_class=Route)

TYPES = {name: row.media_type for name, row in FORMATS.items()} | {"jojo": "application/json"}
"""Media types of the formats."""
if TYPE_CHECKING:
    Format = str
else:
    Format = Literal[(*TYPES,)]
NOT_IN_PAGE = {"Content-Security-Policy": "sandbox allow-scripts"}
"""Keeps a transcript's own web page, shown in the browser, apart from the service's page."""

NO_TRANSCRIPT: dict[int | str, dict[str, Any]] = {
    409: {"description": "The job has no transcript yet, or failed."}
}
TRANSCRIPT_RESPONSES: dict[int | str, dict[str, Any]] = {
    **NO_TRANSCRIPT,
    200: {"content": {media_type: {} for media_type in TYPES.values()}},
    304: {"description": "The version of `If-None-Match` is current."},
}


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Format, layout and text of a downloaded transcript."""

    layout: TheLayout
    details: TheDetails
    rules: TheRules
    format: Annotated[Format, Query(description="File format.")] = "json"
    inline: Annotated[bool, Query(description="Show it in the browser, not as a download.")] = False
    translation: Annotated[
        Literal["1", "true", "only"] | None,
        Query(
            description="`1`: put the translation beside the text (txt, docx, html, csv); text "
            "rules do not change it. `only`: the translation instead of the text."
        ),
    ] = None

    @property
    def suffix(self) -> str:
        """The end of a file's name, after a dot. Players read the language of subtitles there."""
        language = f"{translations.LANGUAGE}." if self.translation == "only" else ""
        return language + self.format


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
    """Download the transcript in any format. The layout options apply to subtitles.

    Text rules change the text of this download, not the stored one.

    If the format cannot hold the speakers or languages, the header `X-UniSpeech-Warning` says so.
    The ETag is that of the revision and the name, for `If-None-Match` here and `If-Match` of edits;
    with a translation it is that of all three, and only for `If-None-Match`.
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
    tag = await asyncio.to_thread(_tag, service, job, number, options)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if not options.inline:
        stem = forms.header_name(job.stem)
        headers["Content-Disposition"] = f'attachment; filename="{stem}.{options.suffix}"'
    if options.format == "html":
        headers |= NOT_IN_PAGE

    def respond() -> Response:
        content, lost = render_stored(service, job, number, options)
        warning = {"X-UniSpeech-Warning": lost} if lost else {}
        return Response(content, headers=headers | warning, media_type=TYPES[options.format])

    return await asyncio.to_thread(respond)


def _tag(service: Service, job: Job, number: int, options: RenderOptions) -> str:
    """Return the ETag of a download: with the translation, if that is part of it."""
    tag = transcript_tag(job, number)
    if options.translation is None:
        return tag
    source = finished_translation(service, job)
    return f'{tag[:-1]}-{source.id}-{source.revision}"'


def transcript_tag(job: Job, number: int) -> str:
    """Return the ETag of a revision. Formats contain the name of the recording too."""
    return f'"{number}-{hashlib.sha256(job.filename.encode()).hexdigest()[:8]}"'


def finished_translation(service: Service, job: Job) -> Job:
    """Return the job whose text is the translation.

    Raises:
        RequestError: 409, there is no finished translation.
    """
    found = translations.find(service.jobs, job.id)
    if found is None or found.finished is None:
        raise RequestError(
            409, f"{job.filename!r} has no finished translation", "ask for one, and wait",
            param="translation", code="no_translation",
        )  # fmt: skip
    return found.finished


def render_stored(
    service: Service, job: Job, number: int, options: RenderOptions
) -> tuple[str | bytes, str]:
    """Return the content of a file, and what its format cannot hold."""
    found = stored_transcript(service, job, number)
    if options.translation is None:
        found = found.edited(options.rules)
    else:
        found, options = _translated(service, job, found, options)
    kept = found if options.details.speakers else formats.without_speakers(found)
    lost = formats.losses(kept, [options.format]) if options.format in FORMATS else ""
    return render(job, found, options), lost


def _translated(
    service: Service, job: Job, original: Transcript, options: RenderOptions
) -> tuple[Transcript, RenderOptions]:
    """Return the translation in place of the text, or the text with the translation beside it."""
    source = finished_translation(service, job)
    translated = stored_transcript(service, source, current_revision(source))
    if options.translation == "only":
        return translations.instead_of(original, translated).edited(options.rules), options
    edited = original.edited(options.rules)
    texts = texts_beside(edited.segments, translated.segments)
    language = translations.LANGUAGE
    details = replace(options.details, translation=texts, translation_language=language)
    return edited, replace(options, details=details)


def render(job: Job, transcript: Transcript, options: RenderOptions) -> str | bytes:
    if options.format == "jojo":
        formats.check_choices([], options.layout, options.details)
        return bytes(JSONResponse(jojo_document(job, transcript)).body)
    date = datetime.fromtimestamp(job.ended or job.created, UTC)
    details = replace(options.details, title=job.filename, date=date)
    named = replace(transcript, source=job.filename)
    return formats.render(named, options.format, options.layout, details)


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
