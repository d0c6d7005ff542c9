"""FastAPI dependencies: the service, the caller, the job of a request."""

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

from unispeech.server.http.admission import limit_rate
from unispeech.server.http.error_responses import RequestError
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.server.storage.keys import Key


async def service(request: Request) -> Service:
    # async so that FastAPI does not dispatch it to its thread pool.
    current: Service = request.app.state.service
    return current


async def caller(request: Request) -> Key:
    """Return the API key that `routing.Route` has admitted."""
    key: Key = request.state.key
    return key


TheService = Annotated[Service, Depends(service)]
Caller = Annotated[Key, Depends(caller)]


async def job_of_caller(job_id: str, service: TheService, key: Caller) -> Job:
    """Return the job of the path.

    Raises:
        RequestError: 404, the job does not exist or belongs to another caller.
    """
    job = await asyncio.to_thread(service.database.job, job_id)
    if job is None or job.owner != key.id:
        raise RequestError(404, "there is no such job", code="job_not_found")
    return job


TheJob = Annotated[Job, Depends(job_of_caller)]


@asynccontextmanager
async def scratch(service: Service) -> AsyncIterator[Path]:
    """Yield a folder for the files of one request, and remove it afterwards."""
    folder = service.scratch / uuid.uuid4().hex
    folder.mkdir()
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)


def scratch_file(service: Service) -> Path:
    """Return the path of a new file, which the caller removes."""
    return service.scratch / uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class SharedLink:
    """Job that a link gives access to, and the link's expiry as Unix time."""

    job: Job
    expires: float | None


async def shared_link(service: TheService, request: Request, token: str) -> SharedLink:
    """Return the link of a token, which needs no API key.

    Raises:
        RequestError: 404, the link is not valid; 429, the rate limit is exceeded.
    """
    return await asyncio.to_thread(_open_link, service, request, token)


def _open_link(service: Service, request: Request, token: str) -> SharedLink:
    limit_rate(service, request)
    link = service.jobs.links.open(token)
    job = service.database.job(link.job) if link else None
    # Revoking a key ends its links too, since their owner can no longer revoke them.
    if link is None or job is None or not service.keys.is_valid(job.owner):
        raise RequestError(
            404, "this link is not valid or has expired", "ask the sender for a new one",
            code="link_not_found",
        )  # fmt: skip
    return SharedLink(job, link.expires)


TheLink = Annotated[SharedLink, Depends(shared_link)]
