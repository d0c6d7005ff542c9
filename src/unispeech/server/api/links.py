"""One job for whoever has a link to it: to read and hear, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from unispeech.server.api import transcripts
from unispeech.server.api.media import (
    NOT_MEDIA,
    PEAKS,
    RANGES,
    Form,
    TheStretch,
    described,
    drawn,
    played,
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
from unispeech.server.http.dependencies import ByLink, TheJob, TheService
from unispeech.server.http.error_responses import Refused

router = APIRouter(tags=["Links"])


@router.post("/jobs/{job_id}/ticket")
async def ticket(job: TheJob, service: TheService) -> Ticket:
    """An address under which the job can be read for some hours without a key: for players and
    downloads, which send no headers. It cannot be revoked."""
    token, expires = await asyncio.to_thread(service.jobs.links.ticket, job.id)
    return Ticket(token=token, path=f"/api/shared/{token}", expires=expires)


@router.post(
    "/jobs/{job_id}/shares",
    status_code=201,
    responses={409: {"description": "The job is a range of another."}},
)
async def share(job: TheJob, wanted: NewShare, request: Request, service: TheService) -> ShareMade:
    """A link with which others read and hear this job without a key. Its token is shown once."""
    if job.parent is not None:
        raise Refused(
            409, "a range has no recording of its own", "share its parent", code="is_a_range"
        )
    name = "".join(c for c in wanted.name or "" if c.isprintable()).strip() or None
    made, token = await asyncio.to_thread(service.jobs.links.share, job.id, name, wanted.expires_in)
    base = (service.settings.base_url or str(request.base_url)).rstrip("/")
    return ShareMade(**asdict(made), token=token, url=f"{base}/#/shared/{token}")


@router.get("/jobs/{job_id}/shares")
async def shares(job: TheJob, service: TheService) -> ShareList:
    """The links that still open this job, the newest first."""
    found = await asyncio.to_thread(service.jobs.links.shares, job.id)
    return ShareList(shares=[ShareShown(**asdict(one)) for one in found])


@router.delete("/jobs/{job_id}/shares/{share_id}", status_code=204)
async def end(job: TheJob, share_id: str, service: TheService) -> Response:
    """End a link: it opens nothing from now on."""
    if not await asyncio.to_thread(service.jobs.links.end, job.id, share_id):
        raise Refused(404, "there is no such link", code="link_not_found")
    return Response(status_code=204)


@router.get("/shared/{token}")
async def shared(link: ByLink) -> SharedJob:
    """What a link shows."""
    return SharedJob(
        filename=link.job.filename,
        state=link.job.state.value,
        duration=link.job.duration,
        revision=link.job.revision,
        created=link.job.created,
        expires=link.expires,
    )


@router.get("/shared/{token}/transcript", response_class=Response, responses=transcripts.READ)
async def transcript(
    request: Request, service: TheService, link: ByLink, wanted: transcripts.TheRendering
) -> Response:
    """The transcript, as a file. The layout options cut subtitles."""
    number = transcripts.current(link.job)
    return await transcripts.as_file(request, service, link.job, number, wanted)


@router.get("/shared/{token}/transcript/check", responses=transcripts.NONE_YET)
async def check(service: TheService, link: ByLink, layout: transcripts.Readable) -> Checked:
    """Which subtitles of a download with this layout are too wide, too fast or too early."""
    return await transcripts.checked(service, link.job, transcripts.current(link.job), layout)


@router.get("/shared/{token}/media", responses=NOT_MEDIA)
async def media(service: TheService, link: ByLink) -> dict[str, Any]:
    """What the recording is, for `canPlayType` and for the size of a picture."""
    return await described(service, link.job)


@router.get("/shared/{token}/audio", response_class=FileResponse, responses=RANGES)
async def audio(service: TheService, link: ByLink, form: Form = "upload") -> FileResponse:
    """The recording as it came, or as 16 kHz mono; ranges work, so players can seek."""
    return await played(service, link.job, form)


@router.get("/shared/{token}/peaks", response_class=Response, responses=PEAKS)
async def peaks(
    request: Request, service: TheService, link: ByLink, stretch: TheStretch
) -> Response:
    """The waveform: the loudest swing down and up of each stretch, -128 to 127."""
    return await drawn(request, service, link.job, stretch)
