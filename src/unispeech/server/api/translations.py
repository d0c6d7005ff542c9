"""Routes that translate a recording into English, beside its transcript."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from fastapi.responses import Response

from unispeech.server.api.job_view import job_view
from unispeech.server.api.jobs import CONFLICT, accept
from unispeech.server.api.translation_schemas import (
    NewTranslation,
    TranslatedSegment,
    TranslationShown,
)
from unispeech.server.http.dependencies import Caller, TheJob, TheService
from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.routing import Route
from unispeech.server.jobs import translations
from unispeech.server.jobs.ranges import range_job
from unispeech.server.service import Service
from unispeech.server.speech.speech import SpeechRequest
from unispeech.server.speech.translating import translation_request
from unispeech.server.storage.database import Job
from unispeech.text.beside import places
from unispeech.types import Transcript

router = APIRouter(tags=["Transcripts"], route_class=Route)

PATH = "/jobs/{job_id}/translation"


@router.post(PATH, summary="Translate the recording", status_code=201, responses=CONFLICT)
async def translate(
    job: TheJob, service: TheService, key: Caller, new: NewTranslation | None = None
) -> TranslationShown:
    """Translate the recording of a finished job into English, beside its transcript.

    An earlier translation stays until the new one is complete. The new one is a range of the job
    over the whole recording, with `task=translate` and `apply=false`.
    """
    if job.revision is None or job.parent is not None:
        raise RequestError(409, "the job has no transcript of its own", code="no_transcript")
    if job.options.get("task") == "translate":
        raise RequestError(
            409, "the transcript is a translation already", "transcribe the recording first",
            code="already_translated",
        )  # fmt: skip
    await asyncio.to_thread(service.jobs.check_capacity)

    def enqueue() -> TranslationShown:
        before = translations.find(service.jobs, job.id)
        if before is not None and not before.latest.state.final:
            raise RequestError(
                409, f"the last translation is {before.latest.state}",
                "wait until it is done, or delete it", code="translation_running",
            )  # fmt: skip
        request = _request(service, job, new or NewTranslation(backend=None, model=None))
        translations.remove(service.jobs, job.id, kept=before.finished if before else None)
        accept(service, range_job(service.jobs, job, key.id, request))
        return _shown(service, job)

    return await asyncio.to_thread(enqueue)


def _request(service: Service, job: Job, new: NewTranslation) -> SpeechRequest:
    """Return the checked request of a translation.

    Raises:
        UnispeechError: the chosen model or backend cannot translate.
        RequestError: 409, no model on the server can.
    """
    transcript = service.jobs.revisions.transcript(job.id)
    spoken = transcript.languages if transcript else ()
    language = spoken[0] if len(spoken) == 1 else None
    found = translation_request(
        service.speech, job.backend, job.model, job.options, language, _asked(job, new)
    )
    if found is None:
        raise RequestError(
            409, f"the model {job.model} cannot translate, and no other model on the server can",
            "its operator can fetch one: base, small, medium or large-v3", param="model",
            code="cannot_translate",
        )  # fmt: skip
    return found


def _asked(job: Job, new: NewTranslation) -> tuple[str, str | None] | None:
    """Return the model and the backend of a request that names one of them."""
    if new.model is None and new.backend is None:
        return None
    return new.model or job.model, new.backend


@router.get(PATH, summary="Show the translation")
async def show(job: TheJob, service: TheService) -> TranslationShown:
    """Return the state of the translation, and its segments.

    Each has its place beside the current transcript, by their times.
    """
    return await asyncio.to_thread(_shown, service, job)


def _shown(service: Service, job: Job) -> TranslationShown:
    translation = translations.find(service.jobs, job.id)
    if translation is None:
        raise no_translation()
    source = translation.finished
    segments: list[TranslatedSegment] = []
    if source is not None:
        translated = service.jobs.revisions.transcript(source.id)
        original = service.jobs.revisions.transcript(job.id, job.revision)
        segments = _segments(original, translated) if original and translated else []
    return TranslationShown(
        job=job_view(service, translation.latest),
        source=source.id if source else None,
        language=translations.LANGUAGE,
        revision=job.revision,
        segments=segments,
    )


def no_translation() -> RequestError:
    return RequestError(404, "the job has no translation", "ask for one", code="no_translation")


def _segments(original: Transcript, translated: Transcript) -> list[TranslatedSegment]:
    """Return the translated segments with their places, which need a segment of the original."""
    found = dict(enumerate(places(original.segments, translated.segments)))
    return [
        TranslatedSegment(segment=found.get(number), start=s.start, end=s.end, text=s.text)
        for number, s in enumerate(translated.segments)
    ]


@router.delete(PATH, summary="Delete the translation", status_code=204)
async def delete(job: TheJob, service: TheService) -> Response:
    """Delete the translation of a job, and cancel one that is not done."""
    if not await asyncio.to_thread(translations.remove, service.jobs, job.id):
        raise no_translation()
    return Response(status_code=204)
