"""The transcript of a job: read in any format, corrected, and put back as it was."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from unispeech import formats, subtitles
from unispeech.server import corrections, document, uploads, waas
from unispeech.server.access import Caller, TheService, job_of
from unispeech.server.answers import Refused
from unispeech.server.api.wire import Checked, Edited, RevisionList, RevisionShown, Violation
from unispeech.server.database import Job
from unispeech.server.keys import Key
from unispeech.server.revisions import EDITED, RESTORED, Changed, NoTranscript
from unispeech.server.service import Service
from unispeech.subtitles import Layout
from unispeech.types import Gap, Segment, Transcript, Word

router = APIRouter(tags=["Transcripts"])

Format = Literal["json", "txt", "srt", "vtt", "tsv", "jojo", "docx"]
TYPES = {"txt": "text/plain", "srt": "text/plain", "vtt": "text/vtt",
         "tsv": "text/tab-separated-values", "json": "application/json",
         "jojo": "application/json", "docx": document.KIND}  # fmt: skip

NONE_YET: dict[int | str, dict[str, Any]] = {409: {"description": "There is no transcript."}}
READ: dict[int | str, dict[str, Any]] = {
    **NONE_YET,
    200: {"content": {kind: {} for kind in TYPES.values()}},
    304: {"description": "It is still the revision of If-None-Match."},
}
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


def layout(
    max_line_width: int | None = Query(None, ge=1, le=1000),
    max_line_count: int | None = Query(None, ge=1, le=1000),
    max_words_per_line: int | None = Query(None, ge=1, le=1000),
    max_cps: float | None = Query(None, ge=1, le=1000, description="Characters a second."),
) -> Layout:
    return Layout(max_line_width, max_line_count, max_words_per_line, max_cps)


def readable(
    max_line_width: int = Query(42, ge=1, le=1000),
    max_line_count: int = Query(2, ge=1, le=1000),
    max_words_per_line: int | None = Query(None, ge=1, le=1000),
    max_cps: float = Query(17, ge=1, le=1000, description="Characters a second."),
) -> Layout:
    """A layout that most people can read in time."""
    return Layout(max_line_width, max_line_count, max_words_per_line, max_cps)


TheLayout = Annotated[Layout, Depends(layout)]
Readable = Annotated[Layout, Depends(readable)]


@dataclass(frozen=True, slots=True)
class Rendering:
    """As what a transcript is wanted."""

    layout: TheLayout
    format: Format = "json"
    inline: bool = False


TheRendering = Annotated[Rendering, Depends()]


@router.get("/jobs/{job_id}/transcript", response_class=Response, responses=READ)
async def transcript(
    job_id: str, request: Request, service: TheService, key: Caller, wanted: TheRendering
) -> Response:
    """The transcript, as a file. The layout options cut subtitles."""
    job = await job_of(service, key, job_id)
    return await as_file(request, service, job, current(job, job.error or ""), wanted)


def current(job: Job, why: str = "") -> int:
    """The revision that is the transcript.

    Raises:
        Refused: 409, there is none.
    """
    if job.revision is None:
        raise Refused(409, f"the job is {job.state}", why, code="no_transcript")
    return job.revision


async def as_file(
    request: Request, service: Service, job: Job, number: int, wanted: Rendering
) -> Response:
    headers = {"ETag": f'"{number}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if not wanted.inline:
        stem = uploads.header_name(job.filename.rsplit(".", 1)[0])
        headers["Content-Disposition"] = f'attachment; filename="{stem}.{wanted.format}"'

    def rendered() -> str | bytes:
        return render(job, _found(service, job, number), wanted)

    text = await asyncio.to_thread(rendered)
    return Response(text, headers=headers, media_type=TYPES[wanted.format])


def render(job: Job, transcript: Transcript, wanted: Rendering) -> str | bytes:
    if wanted.format == "jojo":
        return bytes(JSONResponse(waas.jojo(job, transcript)).body)
    if wanted.format == "docx":
        return document.word_document(transcript, job.filename)
    return formats.render(transcript, wanted.format, wanted.layout)


def _found(service: Service, job: Job, number: int) -> Transcript:
    found = service.jobs.revisions.transcript(job.id, number)
    if found is None:
        raise Refused(404, f"there is no revision {number}", code="revision_not_found")
    return found


@router.get("/jobs/{job_id}/transcript/check", responses=NONE_YET)
async def check(job_id: str, service: TheService, key: Caller, layout: Readable) -> Checked:
    """Which subtitles of a download with this layout are too wide, too fast or too early."""
    job = await job_of(service, key, job_id)
    return await checked(service, job, current(job, job.error or ""), layout)


async def checked(service: Service, job: Job, number: int, layout: Layout) -> Checked:
    def measured() -> Checked:
        cues = subtitles.cues(_found(service, job, number), layout)
        wrong = subtitles.violations(cues, layout)
        violations = [Violation.model_validate(asdict(one)) for one in wrong]
        return Checked(revision=number, cues=len(cues), violations=violations)

    return await asyncio.to_thread(measured)


@router.put("/jobs/{job_id}/transcript", status_code=204, responses=CHANGE, openapi_extra=IF_MATCH)
async def correct(
    job_id: str, edited: Edited, request: Request, service: TheService, key: Caller
) -> Response:
    """Replace the segments by corrected ones; every format is made of them from then on."""
    job = await job_of(service, key, job_id)
    expected = _expected(request)
    seen = current(job)

    def save() -> int:
        old = _found(service, job, seen)
        gaps = None if edited.gaps is None else [Gap(**g.model_dump()) for g in edited.gaps]
        new = corrections.corrected(old, _segments(edited, old), gaps)
        return _saved(service, job, new, expected, EDITED, edited.author or _name(key))

    number = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": f'"{number}"'})


def _segments(edited: Edited, old: Transcript) -> list[Segment]:
    """Raises:
    Refused: 400, a segment that ends before it starts.
    """
    before = {(segment.start, segment.end): segment for segment in old.segments}
    segments = []
    for number, given in enumerate(edited.segments):
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
        raise Refused(
            412, error.message, error.hint, code="revision_mismatch",
            headers={"ETag": f'"{error.current}"'},
        ) from None  # fmt: skip
    except NoTranscript as error:
        raise Refused(409, error.message, error.hint, code="no_transcript") from None


@router.get("/jobs/{job_id}/revisions")
async def history(job_id: str, service: TheService, key: Caller) -> RevisionList:
    """What the transcript was, the newest first."""
    job = await job_of(service, key, job_id)
    found = await asyncio.to_thread(service.jobs.revisions.list, job.id)
    return RevisionList(revisions=[RevisionShown.model_validate(asdict(one)) for one in found])


@router.get("/jobs/{job_id}/revisions/{number}", response_class=Response, responses=READ)
async def revision(
    job_id: str,
    number: int,
    request: Request,
    service: TheService,
    key: Caller,
    wanted: TheRendering,
) -> Response:
    """The transcript as it was."""
    return await as_file(request, service, await job_of(service, key, job_id), number, wanted)


@router.post(
    "/jobs/{job_id}/revisions/{number}/restore",
    status_code=204,
    responses=CHANGE,
    openapi_extra=IF_MATCH,
)
async def restore(
    job_id: str, number: int, request: Request, service: TheService, key: Caller
) -> Response:
    """Make the transcript what it was at a revision, as a new revision."""
    job = await job_of(service, key, job_id)
    expected = _expected(request)

    def save() -> int:
        old = _found(service, job, number)
        return _saved(service, job, old, expected, RESTORED, _name(key), str(number))

    fresh = await asyncio.to_thread(save)
    return Response(status_code=204, headers={"ETag": f'"{fresh}"'})
