"""Server-sent events about jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from unispeech.server.api.job_view import job_view, job_views, time_left
from unispeech.server.api.schemas import JobShown
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.routing import Route
from unispeech.server.storage.database import State

router = APIRouter(tags=["Jobs"], route_class=Route)

POLL = 0.3
"""Seconds between two queries of a job."""
LIST_POLL = 0.5
"""Seconds between two queries of a caller's jobs."""
LIST_LIMIT = 200
"""Newest jobs in the live list, and jobs of each state of `GOING`."""
GOING = (State.QUEUED, State.RUNNING)

LastEventId = Annotated[
    str, Header(alias="Last-Event-ID", description="ID of the last event received.")
]


@router.get("/jobs/{job_id}/events", summary="Follow a job", response_class=EventSourceResponse)
async def job_events(
    job: TheJob, service: TheService, last: LastEventId = ""
) -> AsyncIterator[ServerSentEvent]:
    """Stream the events of a job until it ends: `state`, `segment`, `warning` and `progress`.

    A client that reconnects with `Last-Event-ID` gets the events it has missed.
    """
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else 0
    done = -1.0
    while True:
        current = await asyncio.to_thread(service.database.job, job.id)
        for event in await asyncio.to_thread(service.database.events, job.id, after):
            after = event.number
            yield ServerSentEvent(data=event.body, event=event.kind, id=str(event.number))
        if current is None:
            yield ServerSentEvent(data={"state": "deleted"}, event="state")
            return
        if current.done != done:
            done = current.done
            body = {"done": done, "duration": current.duration, "time_left": time_left(current)}
            yield ServerSentEvent(data=body, event="progress")
        if current.state.final or not service.ready:
            return
        await asyncio.sleep(POLL)


@router.get("/events", summary="Follow all jobs", response_class=EventSourceResponse)
async def list_events(service: TheService, key: Caller) -> AsyncIterator[ServerSentEvent]:
    """Stream changes of the caller's jobs: first `jobs`, then `job` for each change, and `deleted`.

    The stream does not end. A client that reconnects gets `jobs` again.
    """

    def query() -> dict[str, JobShown]:
        # Transcribing an old recording again changes a job that is not among the newest.
        newest = service.database.list(key.id, None, LIST_LIMIT)
        going = [job for state in GOING for job in service.database.list(key.id, state, LIST_LIMIT)]
        jobs = {job.id: job for job in (*newest, *going)}
        return {job.id: job for job in job_views(service, jobs.values())}

    def read(id: str) -> JobShown | None:
        job = service.database.job(id)
        return job_view(service, job) if job else None

    previous = await asyncio.to_thread(query)
    yield ServerSentEvent(data={"jobs": list(previous.values())}, event="jobs")
    while service.ready:
        await asyncio.sleep(LIST_POLL)
        current = await asyncio.to_thread(query)
        for id in previous.keys() - current.keys():
            job = await asyncio.to_thread(read, id)
            if job is None:
                yield ServerSentEvent(data={"id": id}, event="deleted")
            elif job != previous[id]:
                yield ServerSentEvent(data=job, event="job")
        for id, job in current.items():
            if job != previous.get(id):
                yield ServerSentEvent(data=job, event="job")
        previous = current
