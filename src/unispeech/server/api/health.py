"""Health checks and metrics for operators."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from unispeech.server.http.dependencies import TheService
from unispeech.server.http.routing import Route
from unispeech.server.observe import metrics
from unispeech.server.storage.connection import UNAVAILABLE
from unispeech.server.storage.database import State

router = APIRouter(tags=["Operations"], route_class=Route)


@router.get("/healthz", summary="Check that the process is alive")
async def alive() -> dict[str, str]:
    """Answer at once, without using the database or an engine. Needs no API key."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Check that the service is ready",
    responses={503: {"description": "Starting or stopping, or the database does not answer."}},
)
async def ready(service: TheService) -> Response:
    """Check that the service has started, is not stopping, and reaches its database.

    Needs no API key.
    """
    reason = "" if service.ready else "starting or stopping"
    if not reason:
        try:
            await asyncio.to_thread(service.database.ping)
        except Exception as error:
            reason = f"the database does not answer ({type(error).__name__})"
    body: dict[str, Any] = {"status": "not ready", "reason": reason} if reason else {"status": "ok"}
    return JSONResponse(body, 503 if reason else 200)


@router.get(
    "/metrics",
    summary="Read the metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def prometheus(service: TheService) -> Response:
    """Return metrics in Prometheus's text format, without names, texts or keys.

    Needs no API key.
    """

    def collect() -> bytes:
        for gauge, state in ((metrics.QUEUED, State.QUEUED), (metrics.RUNNING, State.RUNNING)):
            try:
                gauge.set(service.database.count(state))
            except UNAVAILABLE:  # still report all other metrics
                gauge.set(math.nan)
        loaded = service.speech.pool.loaded()
        metrics.ENGINES.set(sum(model.kind == "engine" for model in loaded))
        return generate_latest()

    return Response(await asyncio.to_thread(collect), media_type=CONTENT_TYPE_LATEST)
