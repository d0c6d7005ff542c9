"""What happens to jobs, live, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from unispeech.server.api.job_view import all_shown, time_left
from unispeech.server.api.schemas import JobShown
from unispeech.server.http import sse
from unispeech.server.http.dependencies import Caller, TheService, job_of
from unispeech.server.service import Service
from unispeech.server.storage.database import Job

router = APIRouter(tags=["Jobs"])

LISTEN = 0.3
"""Seconds between two looks for news of a job."""
LOOK = 0.5
"""Seconds between two looks at all jobs of a caller."""
SHOWN = 200
"""Jobs in a list that is kept up to date."""
QUIET = 15.0
"""Seconds without news after which a comment keeps the connection open."""
COMMENT = ": still here\n\n"


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def one(job_id: str, request: Request, service: TheService, key: Caller) -> StreamingResponse:
    """What happens to a job, live: `state`, `segment` and `progress`, until it ends.

    A client that comes back with `Last-Event-ID` gets what it has missed.
    """
    job = await job_of(service, key, job_id)
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else 0
    stream = _news(service, job, after)
    return StreamingResponse(stream, headers=sse.HEADERS, media_type="text/event-stream")


async def _news(service: Service, job: Job, after: int) -> AsyncIterator[str]:
    shown, quiet = -1.0, 0.0
    while True:
        now = await asyncio.to_thread(service.database.job, job.id)
        for told in await asyncio.to_thread(service.database.told, job.id, after):
            after, quiet = told.number, 0.0
            yield sse.event(told.body, told.kind, told.number)
        if now is None:
            yield sse.event({"state": "deleted"}, "state")
            return
        if now.done != shown:
            shown, quiet = now.done, 0.0
            body = {"done": now.done, "duration": now.duration, "time_left": time_left(now)}
            yield sse.event(body, "progress")
        if now.state.final or not service.ready:
            return
        await asyncio.sleep(LISTEN)
        quiet += LISTEN
        if quiet > QUIET:
            quiet = 0.0
            yield COMMENT


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def all_jobs(service: TheService, key: Caller) -> StreamingResponse:
    """All jobs of the caller: `jobs` first, then `job` for each change, and `deleted`.

    Does not end. Whoever comes back gets `jobs` again.
    """
    stream = _list(service, key.id)
    return StreamingResponse(stream, headers=sse.HEADERS, media_type="text/event-stream")


async def _list(service: Service, owner: str) -> AsyncIterator[str]:
    def look() -> dict[str, JobShown]:
        found = service.database.list(owner, None, SHOWN)
        return {job.id: job for job in all_shown(service, found)}

    known = await asyncio.to_thread(look)
    yield sse.event({"jobs": [job.model_dump() for job in known.values()]}, "jobs")
    quiet = 0.0
    while service.ready:
        await asyncio.sleep(LOOK)
        quiet += LOOK
        now = await asyncio.to_thread(look)
        for id in known.keys() - now.keys():
            # The oldest drop off the end of a full list without being gone.
            if await asyncio.to_thread(service.database.job, id) is None:
                quiet = 0.0
                yield sse.event({"id": id}, "deleted")
        for id, job in now.items():
            if job != known.get(id):
                quiet = 0.0
                yield sse.event(job.model_dump(), "job")
        known = now
        if quiet > QUIET:
            quiet = 0.0
            yield COMMENT
