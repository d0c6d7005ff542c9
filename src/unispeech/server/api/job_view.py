"""Jobs as the API shows them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from unispeech.options import OPTIONS
from unispeech.server.api.schemas import Holds, JobShown
from unispeech.server.jobs.lifecycle import UPLOAD, key
from unispeech.server.service import Service
from unispeech.server.service_errors import StoreUnavailable
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.job_list import tags_of


def job_view(service: Service, job: Job) -> JobShown:
    return job_views(service, [job])[0]


def job_views(service: Service, jobs: Iterable[Job]) -> list[JobShown]:
    jobs = list(jobs)
    any_queued = any(job.state is State.QUEUED for job in jobs)
    positions = service.database.queue_positions() if any_queued else {}
    tags = tags_of(service.database, [job.id for job in jobs])
    return [_view(service, job, positions, tags.get(job.id, [])) for job in jobs]


def _view(service: Service, job: Job, positions: Mapping[str, int], tags: list[str]) -> JobShown:
    """`positions`: the number of jobs before each queued one."""
    is_finished_range = job.parent is not None and job.state is State.DONE
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
        applies=job.range_digest is not None if job.parent else None,
        applied=service.jobs.revisions.applied(job.parent or "", job.id)
        if is_finished_range
        else None,
        created=job.created,
        started=job.started,
        ended=job.ended,
        duration=job.duration,
        done=job.done,
        time_left=time_left(job),
        position=positions.get(job.id) if job.state is State.QUEUED else None,
        revision=job.revision,
        error=job.error,
        tags=tags,
        expires=_expiry(service, job),
    )


def _expiry(service: Service, job: Job) -> float | None:
    days = service.settings.retention_days
    return job.ended + days * 86_400 if days and job.ended and job.state.final else None


def time_left(job: Job) -> float | None:
    """Return the estimated seconds until a running job is done; None if unknown."""
    if job.state is not State.RUNNING or not (job.started and job.duration and job.done):
        return None
    return round((time.time() - job.started) / job.done * max(0.0, job.duration - job.done), 1)


def warnings(service: Service, job: Job) -> list[str]:
    """Return the warnings of a job: about its recording, annotations and notices."""
    return [event.body["message"] for event in service.database.events(job.id, kind="warning")]


def holds(service: Service, job: Job) -> Holds:
    """Return what deleting the job removes."""
    upload = key(job.id, UPLOAD)
    try:
        sizes = {file.key: file.size for file in service.jobs.store.list(f"jobs/{job.id}")}
    except StoreUnavailable:  # the state of the job is in the database
        sizes = {upload: job.size or 0}
    return Holds(
        recording=job.filename if upload in sizes else None,
        bytes=sum(sizes.values()),
        revisions=len(service.jobs.revisions.list(job.id)),
        shares=len(service.jobs.links.shares(job.id)),
        ranges=len(service.database.list(job.owner, None, 10_000, parent=job.id)),
    )
