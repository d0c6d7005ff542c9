"""Routes that create share links and tickets, and read a job through them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from unispeech.server.api import transcripts
from unispeech.server.api.layout_query import TheLimits
from unispeech.server.api.media import (
    NOT_MEDIA,
    PEAKS_RESPONSES,
    RANGE_RESPONSES,
    AudioForm,
    ThePeaksQuery,
    audio_response,
    describe_media,
    peaks_response,
)
from unispeech.server.api.schemas import (
    NewShare,
    SharedJob,
    ShareList,
    ShareMade,
    ShareShown,
    Ticket,
)
from unispeech.server.api.transcript_schemas import Checked
from unispeech.server.http.dependencies import TheJob, TheLink, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.jobs import translations

router = APIRouter(tags=["Links"], route_class=Route)


@router.post("/jobs/{job_id}/ticket", summary="Create a ticket")
async def ticket(job: TheJob, request: Request, service: TheService) -> Ticket:
    """Create a path that reads the job for some hours without an API key.

    For media players and downloads, which send no headers. A ticket cannot be revoked.
    """
    token, expires = await asyncio.to_thread(service.jobs.links.ticket, job.id)
    root = request.scope.get("root_path", "")
    return Ticket(token=token, path=f"{root}/api/shared/{token}", expires=expires)


@router.post(
    "/jobs/{job_id}/shares",
    summary="Share a job",
    status_code=201,
    responses={409: {"description": "The job is a re-decoded range of another job."}},
)
async def share(job: TheJob, new: NewShare, request: Request, service: TheService) -> ShareMade:
    """Create a link with which others read the transcript and play the recording without a key.

    The token is returned only here.
    """
    if job.parent is not None:
        raise RequestError(
            409, "the job is a range of another job", "share its parent", code="is_a_range"
        )
    name = "".join(c for c in new.name or "" if c.isprintable()).strip() or None
    made, token = await asyncio.to_thread(service.jobs.links.share, job.id, name, new.expires_in)
    base = (service.settings.base_url or str(request.base_url)).rstrip("/")
    return ShareMade(**asdict(made), token=token, url=f"{base}/#/shared/{token}")


@router.get("/jobs/{job_id}/shares", summary="List share links")
async def shares(job: TheJob, service: TheService) -> ShareList:
    """List the valid share links of a job, newest first."""
    shares = await asyncio.to_thread(service.jobs.links.shares, job.id)
    return ShareList(shares=[ShareShown(**asdict(share)) for share in shares])


@router.delete("/jobs/{job_id}/shares/{share_id}", summary="Revoke a share link", status_code=204)
async def end(job: TheJob, share_id: str, service: TheService) -> Response:
    """Revoke a share link at once."""
    if not await asyncio.to_thread(service.jobs.links.end, job.id, share_id):
        raise RequestError(404, "there is no such share link", code="link_not_found")
    return Response(status_code=204)


@router.get("/shared/{token}", summary="Show a shared job")
async def shared(link: TheLink, service: TheService) -> SharedJob:
    """Return the job of a share link or ticket."""
    found = await asyncio.to_thread(translations.find, service.jobs, link.job.id)
    source = found.finished if found else None
    return SharedJob(
        filename=link.job.filename,
        state=link.job.state.value,
        duration=link.job.duration,
        revision=link.job.revision,
        translation=f"{source.id}-{source.revision}" if source else None,
        created=link.job.created,
        expires=link.expires,
    )


@router.get(
    "/shared/{token}/transcript",
    summary="Download a shared transcript",
    response_class=Response,
    responses=transcripts.TRANSCRIPT_RESPONSES,
)
async def transcript(
    request: Request, service: TheService, link: TheLink, options: transcripts.TheRenderOptions
) -> Response:
    """Download the transcript of a shared job in any format.

    Replacements may be slow regular expressions, so that they need a key.
    """
    if options.rules.replacements is not None:
        raise RequestError(
            403, "replacements are not for share links", "leave them out", param="replacements",
            code="needs_key",
        )  # fmt: skip
    number = transcripts.current_revision(link.job)
    return await transcripts.transcript_response(request, service, link.job, number, options)


@router.get(
    "/shared/{token}/transcript/check",
    summary="Check the subtitles of a shared job",
    responses=transcripts.NO_TRANSCRIPT,
)
async def check(service: TheService, link: TheLink, layout: TheLimits) -> Checked:
    """Return the subtitles that violate a limit: too wide, too fast, too short, overlapping..."""
    number = transcripts.current_revision(link.job)
    return await transcripts.check_subtitles(service, link.job, number, layout)


@router.get("/shared/{token}/media", summary="Describe a shared recording", responses=NOT_MEDIA)
async def media(service: TheService, link: TheLink) -> dict[str, Any]:
    """Return the media type, codecs, duration and picture size of the recording."""
    return await describe_media(service, link.job)


@router.get(
    "/shared/{token}/audio",
    summary="Play a shared recording",
    response_class=Response,
    responses=RANGE_RESPONSES,
)
async def audio(service: TheService, link: TheLink, form: AudioForm = "upload") -> Response:
    """Return the recording. Range requests work, so players can seek."""
    return await audio_response(service, link.job, form)


@router.get(
    "/shared/{token}/peaks",
    summary="Show the waveform of a shared recording",
    response_class=Response,
    responses=PEAKS_RESPONSES,
)
async def peaks(
    request: Request, service: TheService, link: TheLink, query: ThePeaksQuery
) -> Response:
    """Return the minimum and maximum of each interval, from -128 to 127."""
    return await peaks_response(request, service, link.job, query)
