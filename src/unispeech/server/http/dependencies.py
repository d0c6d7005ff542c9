"""What every route needs: the service, and who is asking."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from unispeech.server.http.admission import admit, limit_rate
from unispeech.server.http.error_responses import Refused
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.server.storage.keys import Key


async def service(request: Request) -> Service:
    """Async although it waits for nothing: what is not is run in a thread, each time."""
    found: Service = request.app.state.service
    return found


async def caller(request: Request) -> Key:
    return await asyncio.to_thread(admit, await service(request), request)


TheService = Annotated[Service, Depends(service)]
Caller = Annotated[Key, Depends(caller)]


async def job_of_caller(job_id: str, service: TheService, key: Caller) -> Job:
    """The job, if it is this caller's.

    Raises:
        Refused: 404, also where it is somebody else's.
    """
    job = await asyncio.to_thread(service.database.job, job_id)
    if job is None or job.owner != key.id:
        raise Refused(404, "there is no such job", code="job_not_found")
    return job


TheJob = Annotated[Job, Depends(job_of_caller)]


@asynccontextmanager
async def scratch(service: Service) -> AsyncIterator[Path]:
    """A folder for the files of one request, gone at its end."""
    folder = service.scratch / uuid.uuid4().hex
    folder.mkdir()
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link shows."""

    job: Job
    expires: float | None


async def opened(service: TheService, request: Request, token: str) -> Opened:
    """The job that a link opens, to read; no key is asked for.

    Raises:
        Refused: 404, there is no such link any more; 429.
    """
    return await asyncio.to_thread(_opened, service, request, token)


def _opened(service: Service, request: Request, token: str) -> Opened:
    limit_rate(service, request)
    link = service.jobs.links.open(token)
    job = service.database.job(link.job) if link else None
    # Whoever's key was revoked cannot end their links any more.
    if link is None or job is None or not service.keys.knows(job.owner):
        raise Refused(
            404, "this link is not, or no longer, valid", "ask whoever sent it for another",
            code="link_not_found",
        )  # fmt: skip
    return Opened(job, link.expires)


ByLink = Annotated[Opened, Depends(opened)]
