"""Jobs as they are shown."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from unispeech.options import OPTIONS
from unispeech.server.api.schemas import Holds, JobShown
from unispeech.server.service import Service
from unispeech.server.storage.database import Job, State


def shown(service: Service, job: Job) -> JobShown:
    return one(service, job, service.database.places() if job.state is State.QUEUED else {})


def all_shown(service: Service, jobs: Iterable[Job]) -> list[JobShown]:
    jobs = list(jobs)
    waiting = any(job.state is State.QUEUED for job in jobs)
    places = service.database.places() if waiting else {}
    return [one(service, job, places) for job in jobs]


def one(service: Service, job: Job, places: Mapping[str, int]) -> JobShown:
    """`places`: how many jobs go before each that waits."""
    merged = job.parent is not None and job.state is State.DONE
    return JobShown(
        id=job.id,
        state=job.state.value,
        filename=job.filename,
        backend=job.backend,
        model=job.model,
        options={OPTIONS[n].field if n in OPTIONS else n: v for n, v in job.options.items()},
        priority=job.priority,
        parent=job.parent,
        range=[job.range_start, job.range_end] if job.parent else None,
        applied=service.jobs.revisions.applied(job.parent or "", job.id) if merged else None,
        created=job.created,
        started=job.started,
        ended=job.ended,
        duration=job.duration,
        done=job.done,
        time_left=time_left(job),
        position=places.get(job.id) if job.state is State.QUEUED else None,
        revision=job.revision,
        error=job.error,
    )


def time_left(job: Job) -> float | None:
    if job.state is not State.RUNNING or not (job.started and job.duration and job.done):
        return None
    return round((time.time() - job.started) / job.done * max(0.0, job.duration - job.done), 1)


def holds(service: Service, job: Job) -> Holds:
    """What deleting the job removes."""
    place = service.jobs.place(job.id)
    files = list(place.folder.glob("*"))
    return Holds(
        recording=job.filename if place.upload in files else None,
        bytes=sum(file.stat().st_size for file in files),
        revisions=len(service.jobs.revisions.list(job.id)),
        shares=len(service.jobs.links.shares(job.id)),
        ranges=len(service.database.list(job.owner, None, 10_000, parent=job.id)),
    )
