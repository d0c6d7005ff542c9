"""For those who run the service: is it alive, is it ready, how is it doing."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from unispeech.server.http.dependencies import TheService
from unispeech.server.observe import metrics
from unispeech.server.storage.connection import AWAY
from unispeech.server.storage.database import State

router = APIRouter(tags=["Operations"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers. Touches nothing, so it is quick however much there is to do."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Starting, stopping, or no database."}})
async def ready(service: TheService) -> Response:
    """It can take work: started, not stopping, and its database answers."""
    reason = "" if service.ready else "starting or stopping"
    if not reason:
        try:
            await asyncio.to_thread(service.database.ping)
        except Exception as error:
            reason = f"the database does not answer ({type(error).__name__})"
    body: dict[str, Any] = {"status": "not ready", "reason": reason} if reason else {"status": "ok"}
    return JSONResponse(body, 503 if reason else 200)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def prometheus(service: TheService) -> Response:
    """Counts and times in Prometheus's text format. Holds no names, texts or keys."""

    def gathered() -> bytes:
        for gauge, state in ((metrics.QUEUED, State.QUEUED), (metrics.RUNNING, State.RUNNING)):
            try:
                gauge.set(service.database.count(state))
            except AWAY:  # the more reason to tell all the rest
                gauge.set(math.nan)
        metrics.ENGINES.set(sum(one.kind == "engine" for one in service.speech.pool.loaded()))
        return generate_latest()

    return Response(await asyncio.to_thread(gathered), media_type=CONTENT_TYPE_LATEST)
