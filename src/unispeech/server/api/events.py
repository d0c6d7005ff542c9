"""Changes of jobs as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from unispeech.server.api.job_view import all_shown, time_left
from unispeech.server.api.schemas import JobShown
from unispeech.server.http.dependencies import Caller, TheJob, TheService

router = APIRouter(tags=["Jobs"])

POLL = 0.3
"""Seconds between two looks at a job."""
LIST_POLL = 0.5
"""Seconds between two looks at all jobs of a caller."""
LISTED = 200
"""Jobs in a list that is kept up to date."""

LastEventId = Annotated[str, Header(alias="Last-Event-ID", description="The last event seen.")]


@router.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def job_events(
    job: TheJob, service: TheService, last: LastEventId = ""
) -> AsyncIterator[ServerSentEvent]:
    """Events of a job until it ends: `state`, `segment` and `progress`.

    A client that comes back with `Last-Event-ID` gets the events it has missed.
    """
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else 0
    shown = -1.0
    while True:
        now = await asyncio.to_thread(service.database.job, job.id)
        for told in await asyncio.to_thread(service.database.told, job.id, after):
            after = told.number
            yield ServerSentEvent(data=told.body, event=told.kind, id=str(told.number))
        if now is None:
            yield ServerSentEvent(data={"state": "deleted"}, event="state")
            return
        if now.done != shown:
            shown = now.done
            body = {"done": now.done, "duration": now.duration, "time_left": time_left(now)}
            yield ServerSentEvent(data=body, event="progress")
        if now.state.final or not service.ready:
            return
        await asyncio.sleep(POLL)


@router.get("/events", response_class=EventSourceResponse)
async def list_events(service: TheService, key: Caller) -> AsyncIterator[ServerSentEvent]:
    """Events of all jobs of the caller: `jobs` first, then `job` for each change, and `deleted`.

    The stream does not end. A client that comes back gets `jobs` again.
    """

    def look() -> dict[str, JobShown]:
        found = service.database.list(key.id, None, LISTED)
        return {job.id: job for job in all_shown(service, found)}

    known = await asyncio.to_thread(look)
    yield ServerSentEvent(data={"jobs": list(known.values())}, event="jobs")
    while service.ready:
        await asyncio.sleep(LIST_POLL)
        now = await asyncio.to_thread(look)
        for id in known.keys() - now.keys():
            # The oldest drop off the end of a full list without being gone.
            if await asyncio.to_thread(service.database.job, id) is None:
                yield ServerSentEvent(data={"id": id}, event="deleted")
        for id, job in now.items():
            if job != known.get(id):
                yield ServerSentEvent(data=job, event="job")
        known = now
