"""Routes for all recordings of a caller: search, names and tags, several at once, space used."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from unispeech.server.api.job_view import job_view, job_views
from unispeech.server.api.list_schemas import (
    JobChange,
    JobInList,
    JobList,
    Place,
    PlacePart,
    Selection,
    TagList,
    TagShown,
    Usage,
)
from unispeech.server.api.schemas import JobShown
from unispeech.server.api.transcripts import (
    NO_TRANSCRIPT,
    RenderOptions,
    TheRenderOptions,
    current_revision,
    render_stored,
)
from unispeech.server.http.dependencies import (
    Caller,
    TheJob,
    TheService,
    job_of_caller,
    scratch_file,
)
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.service import Service
from unispeech.server.storage.database import Job, State
from unispeech.server.storage.job_list import JobPage, JobQuery, count_tags, describe, find_jobs
from unispeech.server.storage.search_words import matches, terms_of
from unispeech.server.storage.text_index import Passage

router = APIRouter(tags=["Jobs"], route_class=Route)

MAX_TERMS = 16
"""Words and phrases of a query. The database looks up each of them."""
BEFORE, AFTER = 30, 90
"""Characters shown around what the search found, so that it stands near the start of the line."""


@router.get("/jobs", summary="List jobs")
async def list_jobs(
    service: TheService,
    key: Caller,
    q: Annotated[
        str | None,
        Query(
            max_length=500,
            description="Only recordings whose name, tags or text have all these words, or words "
            f"that begin with them. Words in double quotes are a phrase. At most {MAX_TERMS}.",
        ),
    ] = None,
    tag: Annotated[str | None, Query(description="Only recordings with this tag.")] = None,
    state: Annotated[
        Literal["queued", "running", "done", "failed", "cancelled"] | None,
        Query(description="Only jobs in this state."),
    ] = None,
    parent: Annotated[str | None, Query(description="Only re-decoded ranges of this job.")] = None,
    ranges: Annotated[bool, Query(description="Include re-decoded ranges.")] = True,
    sort: Annotated[
        Literal["newest", "oldest", "name", "longest"], Query(description="Order of the jobs.")
    ] = "newest",
    limit: Annotated[int, Query(ge=1, le=500, description="Largest number of jobs returned.")] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Number of jobs to skip.")] = 0,
    before: Annotated[
        float | None, Query(description="Only jobs created before this Unix time.")
    ] = None,
) -> JobList:
    """List or search the caller's jobs. With `q`, each has the places that were found."""
    if len(terms_of(q or "")) > MAX_TERMS:
        raise RequestError(
            400, f"q has more than {MAX_TERMS} words", "leave some out, or send a phrase in quotes",
            param="q", code="invalid_value",
        )  # fmt: skip
    query = JobQuery(
        key.id, State(state) if state else None, before, parent, ranges, q, tag, sort, limit, offset
    )
    page = await asyncio.to_thread(find_jobs, service.database, query)
    return await asyncio.to_thread(_shown, service, page)


def _shown(service: Service, page: JobPage) -> JobList:
    jobs = [
        JobInList(**job.model_dump(), places=_places(page, page.places.get(job.id, [])))
        for job in job_views(service, page.jobs)
    ]
    return JobList(jobs=jobs, total=page.total)


def _places(page: JobPage, passages: list[Passage]) -> list[Place]:
    """Return the places of one job. Passages overlap, so two may hold the same one."""
    places = [_place(passage, matches(passage.text, page.terms)) for passage in passages]
    by_start = {place.start: place for place in reversed(places) if _has_match(place)}
    return [place for place in places if by_start.get(place.start) is place]


def _has_match(place: Place) -> bool:
    """Return whether the words are in the text itself; those of tags are not."""
    return any(part.match for part in place.parts)


def _place(passage: Passage, found: list[tuple[int, int]]) -> Place:
    """Return the text around the first match, at the time of the segment in which that is."""
    text, first = passage.text, found[0] if found else (0, 0)
    times = [time for at, time in passage.times if at <= first[0]]
    start = text.rfind(" ", 0, max(0, first[0] - BEFORE)) + 1 if passage.times else 0
    end = text.find(" ", first[1] + AFTER) if passage.times else len(text)
    end = len(text) if end < 0 else end
    parts: list[PlacePart] = []
    plain, at = ("… " if start else ""), start
    for a, b in found:
        if b <= end:
            parts.append(PlacePart(text=plain + text[at:a], match=False))
            parts.append(PlacePart(text=text[a:b], match=True))
            at, plain = b, ""
    rest = plain + text[at:end] + (" …" if end < len(text) else "")
    parts.append(PlacePart(text=rest, match=False))
    return Place(start=times[-1] if times else None, parts=[part for part in parts if part.text])


@router.patch("/jobs/{job_id}", summary="Rename or tag a recording")
async def change(job: TheJob, change: JobChange, service: TheService) -> JobShown:
    """Change the name of a recording, its tags, or both."""
    if job.parent is not None:
        raise RequestError(409, "the job is a range of another job", code="not_a_recording")

    def store() -> JobShown:
        is_there = describe(service.database, job.id, change.filename, change.tags)
        changed = service.database.job(job.id) if is_there else None
        if changed is None:  # deleted meanwhile
            raise RequestError(404, "there is no such job", code="job_not_found")
        return job_view(service, changed)

    return await asyncio.to_thread(store)


@router.post(
    "/jobs/export",
    summary="Download several transcripts",
    response_class=Response,
    responses={**NO_TRANSCRIPT, 200: {"content": {"application/zip": {}}}},
)
async def export(
    selection: Selection, service: TheService, key: Caller, options: TheRenderOptions
) -> FileResponse:
    """Download the transcripts of several jobs in one ZIP file, in any format."""
    jobs = [await job_of_caller(id, service, key) for id in dict.fromkeys(selection.ids)]
    for job in jobs:
        current_revision(job, f"leave out {job.filename!r}")
    target = scratch_file(service)
    try:
        lost = await asyncio.to_thread(_pack, service, jobs, options, target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return FileResponse(
        target, media_type="application/zip", filename="transcripts.zip",
        content_disposition_type="inline" if options.inline else "attachment",
        headers={"X-UniSpeech-Warning": lost} if lost else {},
        background=BackgroundTask(target.unlink, missing_ok=True),
    )  # fmt: skip


def _pack(service: Service, jobs: list[Job], options: RenderOptions, target: Path) -> str:
    """Write the archive, and return what the format cannot hold, as of the first such job."""
    names: set[str] = set()
    losses: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as pack:
        for job in jobs:
            content, lost = render_stored(service, job, current_revision(job), options)
            losses.append(lost)
            pack.writestr(_unused(job.stem, options.suffix, names), content)
    return next(filter(None, losses), "")


def _unused(stem: str, suffix: str, names: set[str]) -> str:
    """Return a file name that no other file of the archive has, whatever its case."""
    name, number = f"{stem}.{suffix}", 1
    while name.casefold() in names:
        number += 1
        name = f"{stem} ({number}).{suffix}"
    names.add(name.casefold())
    return name


@router.get("/tags", summary="List the tags")
async def tags(service: TheService, key: Caller) -> TagList:
    """List the tags of the caller's recordings."""
    counted = await asyncio.to_thread(count_tags, service.database, key.id)
    return TagList(tags=[TagShown(tag=tag, recordings=n) for tag, n in counted.items()])


@router.get("/usage", summary="Show the space used")
async def usage(service: TheService, key: Caller) -> Usage:
    """Return the number and size of the caller's recordings, and the limit of their size."""
    quotas = service.jobs.quotas

    def measure() -> Usage:
        page = find_jobs(service.database, JobQuery(key.id, has_ranges=False, limit=1))
        used = quotas.used(key.id)
        return Usage(recordings=page.total, bytes=used, limit=quotas.per_key or None)

    return await asyncio.to_thread(measure)
