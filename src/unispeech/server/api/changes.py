"""The transcript of a job corrected, as a whole or in parts, and put back as it was."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
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
    NONE_YET,
    READ,
    TheRendering,
    as_file,
    current,
    found,
)
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.error_responses import Refused
from unispeech.server.jobs import corrections
from unispeech.server.jobs.revisions import EDITED, RESTORED, Changed, NoTranscript
from unispeech.server.service import Service
from unispeech.server.storage.database import Job
from unispeech.server.storage.keys import Key
from unispeech.types import Gap, Segment, Transcript, Word

router = APIRouter(tags=["Transcripts"])

Known = dict[tuple[float, float], Segment]
"""Segments by when they begin and end."""

CHANGE: dict[int | str, dict[str, Any]] = {
    **NONE_YET,
    412: {"description": "It is another revision than that of If-Match."},
    428: {"description": "There is no If-Match."},
}
IF_MATCH = {
    "parameters": [
        {
            "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
            "description": "The ETag of what is to be changed, or *.",
        }
    ]
}  # fmt: skip


@router.put("/jobs/{job_id}/transcript", status_code=204, responses=CHANGE, openapi_extra=IF_MATCH)
async def correct(
    job: TheJob, edited: Edited, request: Request, service: TheService, key: Caller
) -> Response:
    """Replace the segments by corrected ones; every format is made of them from then on."""
    expected = _expected(request)
    seen = current(job)

    def save() -> int:
        old = found(service, job, seen)
        segments = _segments(edited.segments, _before(old))
        new = corrections.corrected(old, segments, _gaps(edited))
        return _saved(service, job, new, expected, EDITED, edited.author or _name(key))

    number = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": f'"{number}"'})


@router.patch(
    "/jobs/{job_id}/transcript", status_code=204, responses=CHANGE, openapi_extra=IF_MATCH
)
async def change(
    job: TheJob, patch: Patch, request: Request, service: TheService, key: Caller
) -> Response:
    """Replace some of the segments and keep the others; so a correction is a small request."""
    expected = _expected(request)
    if expected is None:
        raise Refused(
            428, "places in a transcript mean nothing without its revision",
            "send the ETag of what you have changed as If-Match, and not *",
            code="if_match_required",
        )  # fmt: skip
    seen = current(job)

    def save() -> int:
        if seen != expected:
            raise _changed(Changed(seen))
        old = found(service, job, seen)
        new = corrections.corrected(old, _spliced(patch.changes, old), _gaps(patch))
        return _saved(service, job, new, expected, EDITED, patch.author or _name(key))

    number = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": f'"{number}"'})


def _spliced(changes: Sequence[Change], old: Transcript) -> list[Segment]:
    """Raises:
    Refused: 400, a change that is no place of the transcript, or before the end of another.
    """
    before = _before(old)
    segments: list[Segment] = []
    kept = 0
    for number, change in enumerate(changes):
        end = change.at + change.remove
        if change.at < kept or end > len(old.segments):
            raise Refused(
                400, f"change {number} is not at a place that is left of the transcript",
                f"there are {len(old.segments)} segments; changes go from the first to the last"
                " and do not overlap", param="changes",
            )  # fmt: skip
        segments += [*old.segments[kept : change.at], *_segments(change.segments, before)]
        kept = end
    return [*segments, *old.segments[kept:]]


def _gaps(edited: Edited | Patch) -> list[Gap] | None:
    return None if edited.gaps is None else [Gap(**gap.model_dump()) for gap in edited.gaps]


def _before(old: Transcript) -> Known:
    return {(segment.start, segment.end): segment for segment in old.segments}


def _segments(edited: Sequence[EditedSegment], before: Known) -> list[Segment]:
    """Raises:
    Refused: 400, a segment that ends before it starts.
    """
    segments = []
    for number, given in enumerate(edited):
        if given.end < given.start or any(word.end < word.start for word in given.words):
            raise Refused(
                400, f"segment {number} or a word in it ends before it starts", param="segments"
            )
        known = before.get((given.start, given.end), Segment(0, 0.0, 0.0, ""))
        scores = (
            known.avg_logprob if given.avg_logprob is None else given.avg_logprob,
            known.no_speech_prob if given.no_speech_prob is None else given.no_speech_prob,
        )
        words = tuple(Word(**word.model_dump()) for word in given.words)
        segments.append(
            Segment(number, given.start, given.end, given.text, words, *scores,
                    speaker=given.speaker, language=known.language)
        )  # fmt: skip
    return segments


def _expected(request: Request) -> int | None:
    """The revision of `If-Match`; None for `*`.

    Raises:
        Refused: 428, there is none.
    """
    given = request.headers.get("if-match", "").strip()
    if not given:
        raise Refused(
            428, "If-Match is missing", "send the ETag of what you have changed, or *",
            code="if_match_required",
        )  # fmt: skip
    if given == "*":
        return None
    number = re.fullmatch(r'"(\d{1,9})"', given)
    return int(number[1]) if number else -1


def _name(key: Key) -> str | None:
    return key.name if key.id else None


def _saved(
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
        raise _changed(error) from None
    except NoTranscript as error:
        raise Refused(409, error.message, error.hint, code="no_transcript") from None


def _changed(error: Changed) -> Refused:
    return Refused(
        412, error.message, error.hint, code="revision_mismatch",
        headers={"ETag": f'"{error.current}"'},
    )  # fmt: skip


@router.get("/jobs/{job_id}/revisions")
async def history(job: TheJob, service: TheService) -> RevisionList:
    """What the transcript was, the newest first."""
    known = await asyncio.to_thread(service.jobs.revisions.list, job.id)
    return RevisionList(revisions=[RevisionShown.model_validate(asdict(one)) for one in known])


@router.get("/jobs/{job_id}/revisions/{number}", response_class=Response, responses=READ)
async def revision(
    job: TheJob,
    number: int,
    request: Request,
    service: TheService,
    wanted: TheRendering,
) -> Response:
    """The transcript as it was."""
    return await as_file(request, service, job, number, wanted)


@router.post(
    "/jobs/{job_id}/revisions/{number}/restore",
    status_code=204,
    responses=CHANGE,
    openapi_extra=IF_MATCH,
)
async def restore(
    job: TheJob, number: int, request: Request, service: TheService, key: Caller
) -> Response:
    """Make the transcript what it was at a revision, as a new revision."""
    expected = _expected(request)

    def save() -> int:
        old = found(service, job, number)
        return _saved(service, job, old, expected, RESTORED, _name(key), str(number))

    fresh = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": f'"{fresh}"'})
