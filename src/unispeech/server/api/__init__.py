"""UniSpeech's own API under /api, one module per subject. Documented in docs/guides/http-api.md."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from unispeech.server.api import (
    captions,
    changes,
    events,
    info,
    job_list,
    jobs,
    links,
    media,
    ranges,
    transcripts,
    translations,
    uploads,
    vocabularies,
)
from unispeech.server.http.error_responses import DOCUMENTED
from unispeech.server.http.query import refuse_unknown_parameters

router = APIRouter(
    prefix="/api", responses=DOCUMENTED, dependencies=[Depends(refuse_unknown_parameters)]
)
for room in (
    job_list, jobs, events, transcripts, changes, ranges, translations, media, links, captions,
    uploads, vocabularies, info,
):  # fmt: skip
    router.include_router(room.router)
