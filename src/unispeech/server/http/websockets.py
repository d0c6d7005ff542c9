"""What the two WebSocket interfaces share: who may come in, and that nothing is left when they go.

How much sound may wait, how many streams there may be and what outlives a lost connection is the
affair of `streams`, whoever is talking.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from fastapi import WebSocket, WebSocketDisconnect
from starlette.types import Message
from starlette.websockets import WebSocketState

from unispeech.errors import UnispeechError
from unispeech.server.http.admission import admit
from unispeech.server.http.error_responses import Refused, answer
from unispeech.server.service import Service
from unispeech.server.storage.keys import Key

STALLED = 60.0
"""Seconds a client may leave what it is sent unread; then it is taken for lost."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A WebSocket that was let in, and whose it is."""

    websocket: WebSocket
    service: Service
    key: Key

    @property
    def owner(self) -> str:
        """The key, or the address of a caller without one."""
        client = self.websocket.client
        return self.key.id or (client.host if client else "")


class Talk(Protocol):
    """One connection, from when it is open."""

    async def run(self) -> None:
        """Until one side has had enough."""

    def end(self) -> None:
        """Let everything go. Called once, also where `run` never was."""


async def talk(websocket: WebSocket, protocol: str, begin: Callable[[Visitor], Talk]) -> None:
    """Let a caller in, and talk with it. What `begin` refuses is answered before the socket opens.

    `protocol` is the subprotocol that is agreed to where the client offers it.
    """
    service: Service = websocket.app.state.service
    try:
        key = await asyncio.to_thread(admit, service, websocket)
        _same_site(websocket, service)
        talking = begin(Visitor(websocket, service, key))
    except UnispeechError as error:
        await websocket.send_denial_response(answer(websocket, error))
        return
    offered = websocket.headers.get("sec-websocket-protocol", "").split(",")
    agreed = protocol if protocol in map(str.strip, offered) else None
    try:
        if await _accepted(websocket, agreed):
            await talking.run()
    except WebSocketDisconnect:
        pass
    except RuntimeError:  # which is what Starlette calls a word to somebody who has gone
        if is_open(websocket):
            raise
    finally:
        talking.end()


async def _accepted(websocket: WebSocket, protocol: str | None) -> bool:
    """Whether the client was still there."""
    try:
        await websocket.accept(subprotocol=protocol)
    except OSError:  # uvicorn's for a client that has gone
        return False
    return True


async def tell(websocket: WebSocket, message: dict[str, Any], patience: float = STALLED) -> None:
    """Send a message. In ASCII: a client may have half a character echoed, which nothing else can
    carry.

    Raises:
        WebSocketDisconnect: the client has gone, or reads nothing.
    """
    await _while_it_reads(websocket.send_text(json.dumps(message)), patience)


async def hang_up(websocket: WebSocket, code: int, reason: str = "") -> None:
    """Close it. Raises as `tell` does."""
    await _while_it_reads(websocket.close(code, reason))


async def _while_it_reads(sending: Coroutine[Any, Any, None], patience: float = STALLED) -> None:
    try:
        await asyncio.wait_for(sending, patience)
    except TimeoutError:
        raise WebSocketDisconnect(1006) from None


def is_open(websocket: WebSocket) -> bool:
    return WebSocketState.DISCONNECTED not in (websocket.client_state, websocket.application_state)


def _same_site(websocket: WebSocket, service: Service) -> None:
    """A page of another site may not use the visitor's network or key.

    Browsers apply no same-origin rule of their own to WebSockets (RFC 6455, section 10.2).
    """
    origin = websocket.headers.get("origin", "")
    here = websocket.headers.get("host", "")
    allowed = service.settings.cors_origins
    if origin and urlsplit(origin).netloc != here and not {origin, "*"} & set(allowed):
        raise Refused(403, "pages of this origin may not connect", "see UNISPEECH_CORS_ORIGINS")


async def messages(websocket: WebSocket) -> AsyncIterator[Message]:
    """What the client says, until it has gone."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        yield message


async def both(*work: Coroutine[Any, Any, None]) -> None:
    """Run together until the first one ends, for whatever reason; then the other is stopped."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
