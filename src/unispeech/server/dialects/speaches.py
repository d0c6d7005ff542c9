"""Routes of speaches for models, and the health check that it shares with whisper.cpp."""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from unispeech.errors import ModelUnavailable, UnknownModel
from unispeech.models import weight_cache
from unispeech.models.model_names import key_of
from unispeech.options import TranscribeOptions
from unispeech.server.http.admission import admit_model_change
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.error_responses import DOCUMENTED, RequestError
from unispeech.server.http.routing import Route
from unispeech.server.service import Service

router = APIRouter(tags=["speaches"], route_class=Route)


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
    settled = service.speech.settled(service.settings.backend, name, TranscribeOptions())
    settled.checked(language_later=True).spec.obtain(name)
    return True


def delete(model: str) -> bool:
    """Delete a model in all formats; return False if there is none."""
    name = model if weight_cache.formats(model) else key_of(model)
    if not weight_cache.formats(name):
        return False
    weight_cache.remove(name)
    return True
