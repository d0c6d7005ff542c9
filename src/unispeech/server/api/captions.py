"""Live captions that others watch by link. Documented in docs/guides/live.md."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from unispeech.errors import OptionError
from unispeech.server.http.admission import limit_rate
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.routing import Route
from unispeech.server.speech.broadcasts import Broadcast, broadcast_id, new_secret

router = APIRouter(tags=["Captions"], route_class=Route)


class CaptionsLink(BaseModel):
    """New link to live captions."""

    id: str = Field(description="Whoever knows it can watch.")
    secret: str = Field(description="With it a stream publishes its captions. Returned only here.")
    url: str = Field(description="Web page that shows the captions.")


@router.post("/captions", summary="Create a captions link", status_code=201)
async def create(request: Request, service: TheService, key: Caller) -> CaptionsLink:
    """Create a link with which others watch live captions.

    Nothing is stored: the link is empty until a stream publishes under its secret, and works again
    for every later stream.
    """
    if not service.settings.caption_watchers:
        raise OptionError("captions cannot be shared on this server")
    secret = new_secret()
    id = broadcast_id(secret)
    base = (service.settings.base_url or str(request.base_url)).rstrip("/")
    return CaptionsLink(id=id, secret=secret, url=f"{base}/#/captions/{id}")


async def watched(captions_id: str, service: TheService, request: Request) -> Broadcast:
    """Return the captions of an ID, which needs no API key.

    Raises:
        RequestError: 404, nothing is published; 429, too many requests or watchers.
    """
    limit_rate(service, request)
    broadcast = service.broadcasts.find(captions_id)
    # Revoking a key ends what others see of it, as with share links.
    if not await asyncio.to_thread(service.keys.is_valid, broadcast.key):
        service.broadcasts.end(broadcast)
        service.broadcasts.find(captions_id)
    service.broadcasts.check_room()
    return broadcast


@router.get("/captions/{captions_id}", summary="Watch captions", response_class=EventSourceResponse)
async def watch(
    broadcast: Annotated[Broadcast, Depends(watched)], service: TheService
) -> AsyncIterator[ServerSentEvent]:
    """Stream captions: first the last lines, then `captions` for each change, and `end`.

    A client that reconnects gets the last lines again. One that reads slowly gets fewer updates.
    """
    async for update in service.broadcasts.watch(broadcast, lambda: service.ready):
        yield ServerSentEvent(data=asdict(update), event="captions")
    if broadcast.is_over:
        yield ServerSentEvent(data={}, event="end")
