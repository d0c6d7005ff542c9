"""Routes that edit transcripts, and list and restore their revisions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from unispeech.server.api.transcript_schemas import (
    Change,
    Edited,
    EditedSegment,
    Patch,
    RevisionList,
    RevisionShown,
)
from unispeech.server.api.transcripts import (
    NO_TRANSCRIPT,
    TRANSCRIPT_RESPONSES,
    TheRenderOptions,
    current_revision,
    stored_transcript,
    transcript_response,
    transcript_tag,
)
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.json_bodies import json_body, json_schema
from unispeech.server.http.routing import Route
from unispeech.server.jobs import corrections
from unispeech.server.jobs.revisions import EDITED, RESTORED, Changed, NoTranscript
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.server.storage.keys import Key
from unispeech.types import Gap, Segment, Transcript

router = APIRouter(tags=["Transcripts"], route_class=Route)

SegmentsByTime = dict[tuple[float, float], Segment]
"""Segments by start and end."""
TheEdited = Annotated[Edited, Depends(json_body(Edited))]
ThePatch = Annotated[Patch, Depends(json_body(Patch))]
RevisionNumber = Annotated[int, Path(description="Number of the revision.")]

EDIT_RESPONSES: dict[int | str, dict[str, Any]] = {
    **NO_TRANSCRIPT,
    412: {"description": "The transcript has changed: `If-Match` is not its current revision."},
    428: {"description": "The header `If-Match` is missing."},
}
IF_MATCH = {
    "parameters": [
        {
            "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
            "description": "ETag of the revision that the edit is based on, or `*` for any.",
        }
    ]
}  # fmt: skip


@router.put(
    "/jobs/{job_id}/transcript",
    summary="Replace a transcript",
    status_code=204,
    responses=EDIT_RESPONSES,
    openapi_extra={**IF_MATCH, **json_schema(Edited)},
)
async def correct(
    job: TheJob, edited: TheEdited, request: Request, service: TheService, key: Caller
) -> Response:
    """Replace all segments by edited ones, and store them as a new revision.

    The new ETag is in the response.
    """
    expected = _expected_revision(request)
    current = current_revision(job)

    def save() -> int:
        old = stored_transcript(service, job, current)
        segments = _segments(edited.segments, _by_time(old))
        new = corrections.correct(old, segments, _gaps(edited))
        return _save(service, job, new, expected, EDITED, edited.author or _name(key))

    number = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": transcript_tag(job, number)})


@router.patch(
    "/jobs/{job_id}/transcript",
    summary="Edit some segments",
    status_code=204,
    responses=EDIT_RESPONSES,
    openapi_extra={**IF_MATCH, **json_schema(Patch)},
)
async def change(
    job: TheJob, patch: ThePatch, request: Request, service: TheService, key: Caller
) -> Response:
    """Replace, insert or remove segments by position, and store the result as a new revision.

    `If-Match` has to be an ETag, not `*`: positions are those of that revision.
    """
    expected = _expected_revision(request)
    if expected is None:
        raise RequestError(
            428, "If-Match is *, but positions need the revision they refer to",
            "send the ETag of the transcript that you have edited",
            code="if_match_required",
        )  # fmt: skip
    current = current_revision(job)

    def save() -> int:
        if current != expected:
            raise _conflict(job, Changed(current))
        old = stored_transcript(service, job, current)
        new = corrections.correct(old, _apply(patch.changes, old), _gaps(patch))
        return _save(service, job, new, expected, EDITED, patch.author or _name(key))

    number = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": transcript_tag(job, number)})


def _apply(changes: Sequence[Change], old: Transcript) -> list[Segment]:
    """Return the segments after the changes.

    Raises:
        RequestError: 400, a change is out of range or overlaps the one before it.
    """
    by_time = _by_time(old)
    segments: list[Segment] = []
    position = 0
    for number, change in enumerate(changes):
        end = change.at + change.remove
        if change.at < position or end > len(old.segments):
            raise RequestError(
                400, f"change {number} is out of range or overlaps the change before it",
                f"the transcript has {len(old.segments)} segments; sort the changes by position",
                param="changes",
            )  # fmt: skip
        segments += [*old.segments[position : change.at], *_segments(change.segments, by_time)]
        position = end
    return [*segments, *old.segments[position:]]


def _gaps(edited: Edited | Patch) -> list[Gap] | None:
    return None if edited.gaps is None else [Gap(**gap.model_dump()) for gap in edited.gaps]


def _by_time(old: Transcript) -> SegmentsByTime:
    return {(segment.start, segment.end): segment for segment in old.segments}


def _segments(edited: Sequence[EditedSegment], by_time: SegmentsByTime) -> list[Segment]:
    """Return the edited segments, with missing scores from the old segments of the same times.

    Raises:
        RequestError: 400, a segment or word ends before it starts.
    """
    segments = []
    for number, new in enumerate(edited):
        if new.end < new.start or any(word.end < word.start for word in new.words):
            raise RequestError(
                400, f"segment {number} or a word in it ends before it starts", param="segments"
            )
        old = by_time.get((new.start, new.end), Segment(0, 0.0, 0.0, ""))
        scores = (
            old.avg_logprob if new.avg_logprob is None else new.avg_logprob,
            old.no_speech_prob if new.no_speech_prob is None else new.no_speech_prob,
        )
        words = tuple(word.to_word() for word in new.words)
        segments.append(
            Segment(number, new.start, new.end, new.text, words, *scores,
                    speaker=new.speaker, language=old.language)
        )  # fmt: skip
    return segments


def _expected_revision(request: Request) -> int | None:
    """Return the revision in `If-Match`; None for `*`, -1 if it is not an ETag of ours. A changed
    name is no conflict, and neither is a revision alone, such as `"3"`.

    Raises:
        RequestError: 428, the header is missing.
    """
    tag = request.headers.get("if-match", "").strip()
    if not tag:
        raise RequestError(
            428, "If-Match is missing", "send the ETag of the edited transcript, or *",
            code="if_match_required",
        )  # fmt: skip
    if tag == "*":
        return None
    number = re.fullmatch(r'"(\d{1,9})(-[0-9a-f]{8})?"', tag)
    return int(number[1]) if number else -1


def _name(key: Key) -> str | None:
    return key.name if key.id else None


def _save(
    service: Service,
    job: Job,
    new: Transcript,
    expected: int | None,
    kind: str,
    author: str | None,
    source: str | None = None,
) -> int:
    try:
        return service.jobs.revisions.save(job.id, new, expected, kind, author, source)
    except Changed as error:
        raise _conflict(job, error) from None
    except NoTranscript as error:
        raise RequestError(409, error.message, error.hint, code="no_transcript") from None


def _conflict(job: Job, error: Changed) -> RequestError:
    return RequestError(
        412, error.message, error.hint, code="revision_mismatch",
        headers={"ETag": transcript_tag(job, error.current)},
    )  # fmt: skip


@router.get("/jobs/{job_id}/revisions", summary="List revisions")
async def history(job: TheJob, service: TheService) -> RevisionList:
    """List the revisions of the transcript, newest first."""
    revisions = await asyncio.to_thread(service.jobs.revisions.list, job.id)
    return RevisionList(
        revisions=[RevisionShown.model_validate(asdict(revision)) for revision in revisions]
    )


@router.get(
    "/jobs/{job_id}/revisions/{number}",
    summary="Download a revision",
    response_class=Response,
    responses=TRANSCRIPT_RESPONSES,
)
async def revision(
    job: TheJob,
    number: RevisionNumber,
    request: Request,
    service: TheService,
    options: TheRenderOptions,
) -> Response:
    """Download the transcript as it was at a revision, in any format."""
    return await transcript_response(request, service, job, number, options)


@router.post(
    "/jobs/{job_id}/revisions/{number}/restore",
    summary="Restore a revision",
    status_code=204,
    responses=EDIT_RESPONSES,
    openapi_extra=IF_MATCH,
)
async def restore(
    job: TheJob, number: RevisionNumber, request: Request, service: TheService, key: Caller
) -> Response:
    """Store an old revision's transcript as a new revision."""
    expected = _expected_revision(request)

    def save() -> int:
        old = stored_transcript(service, job, number)
        return _save(service, job, old, expected, RESTORED, _name(key), str(number))

    restored = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": transcript_tag(job, restored)})
