"""Routes of speaches for models, and the health check that it shares with whisper.cpp."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from unispeech.backends.settle import Settled
from unispeech.errors import ModelUnavailable, UnispeechError, UnknownModel
from unispeech.models import weight_cache
from unispeech.models.entry import Entry
from unispeech.models.model_names import key_of
from unispeech.options import TranscribeOptions
from unispeech.server.http.admission import admit_model_change
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.error_responses import DOCUMENTED, RequestError
from unispeech.server.http.routing import Route
from unispeech.server.service import Service

router = APIRouter(tags=["speaches"], route_class=Route)

SPEECH: Final = "automatic-speech-recognition"
"""The task of all models here. speaches has models for the others, too."""
Task = Literal[
    "automatic-speech-recognition",
    "text-to-speech",
    "speaker-embedding",
    "voice-activity-detection",
    "speaker-diarization",
]


@router.get("/v1/registry", summary="List models to download", responses=DOCUMENTED)
async def registry(
    service: TheService,
    key: Caller,
    task: Annotated[Task, Query(description="Only speech recognition has models.")] = SPEECH,
) -> dict[str, Any]:
    """List the models of the catalog that requests may use and the default backend runs.

    They need not be downloaded yet.
    """
    models = await asyncio.to_thread(offered, service) if task == SPEECH else []
    return {"object": "list", "data": models}


@router.post(
    "/v1/models/{model:path}",
    summary="Fetch a model",
    response_class=PlainTextResponse,
    responses={**DOCUMENTED, 201: {"description": "The server has it already."}},
)
async def fetch_model(model: str, service: TheService, key: Caller) -> Response:
    """Download a model, and wait until it is complete.

    Needs an admin key, and the model in UNISPEECH_FETCH_MODELS.
    """
    await asyncio.to_thread(admit_model_change, service, key, model)
    try:
        is_new = await service.speech.run(partial(fetch, service, model))
    except (UnknownModel, ModelUnavailable) as error:
        raise RequestError(404, f"Model '{model[:100]}' not found: {error.message}") from error
    if is_new:
        return PlainTextResponse(f"Model '{model}' downloaded")
    return PlainTextResponse(f"Model '{model}' already exists", 201)


@router.delete("/v1/models/{model:path}", summary="Delete a model", responses=DOCUMENTED)
async def delete_model(model: str, service: TheService, key: Caller) -> Response:
    """Delete the files of a model. One that is loaded works until it is unloaded.

    Needs an admin key, and the model in UNISPEECH_FETCH_MODELS.
    """
    await asyncio.to_thread(admit_model_change, service, key, model)
    if not await service.speech.run(partial(delete, model)):
        raise RequestError(404, f"Model '{model[:100]}' not found")
    return JSONResponse({"detail": f"Model '{model}' deleted"})


@router.get(
    "/health",
    summary="Check that the service is ready, as whisper.cpp's server and speaches do",
    responses={503: {"description": "Starting or stopping."}},
)
async def health(service: TheService) -> Response:
    """Answer without using the database or an engine. Needs no API key."""
    if service.ready:
        return JSONResponse({"status": "ok", "message": "OK"})
    return JSONResponse({"status": "loading model", "message": "starting or stopping"}, 503)


def fetch(service: Service, model: str) -> bool:
    """Download a model for the default backend; return False if it is there already.

    Raises:
        UnknownModel, ModelUnavailable: there is no such model, or it cannot be reached.
    """
    name = key_of(model)  # never a path
    if weight_cache.formats(name):
        return False
    settled(service, name).spec.obtain(name)
    return True


def settled(service: Service, model: str) -> Settled:
    """Return how the default backend runs a model.

    Raises:
        UnispeechError: it does not.
    """
    run = service.speech.settled(service.settings.backend, model, TranscribeOptions())
    return run.checked(language_later=True)


def offered(service: Service) -> list[dict[str, Any]]:
    """Return the models of the catalog that may be used and can run, as rows of speaches."""
    rows = []
    for entry in service.speech.models.entries():
        with contextlib.suppress(UnispeechError):
            settled(service, entry.name)
            rows.append(row(entry))
    return rows


def row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.name,
        "object": "model",
        "created": 0,
        "owned_by": "unispeech",
        "language": list(entry.languages),
        "task": SPEECH,
    }


def delete(model: str) -> bool:
    """Delete a model in all formats; return False if there is none."""
    name = model if weight_cache.formats(model) else key_of(model)
    if not weight_cache.formats(name):
        return False
    weight_cache.remove(name)
    return True
