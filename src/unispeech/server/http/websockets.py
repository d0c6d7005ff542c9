"""Shared parts of the two WebSocket interfaces: admission, sending, and cleanup.

`speech.streams` limits the audio and the number of streams, and handles reconnection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection
from starlette.types import Message
from starlette.websockets import WebSocketState

from unispeech.errors import UnispeechError
from unispeech.server.http import admission
from unispeech.server.http.error_responses import answer
from unispeech.server.http.origins import foreign_origin, is_foreign, refusal
from unispeech.server.service import Service
from unispeech.server.storage.keys import Key

SEND_TIMEOUT = 60.0
"""Seconds after which a client that reads nothing counts as disconnected."""


@dataclass(frozen=True, slots=True)
class Client:
    """Admitted client: its WebSocket and API key."""

    websocket: WebSocket
    service: Service
    key: Key

    @property
    def owner(self) -> str:
        """ID of the key, or the address of a client without one."""
        client = self.websocket.client
        return self.key.id or (client.host if client else "")


class Session(Protocol):
    """Protocol logic of one open connection."""

    headers: Mapping[str, str]
    """Further headers of the response that accepts the connection."""

    async def run(self) -> None:
        """Communicate until one side closes the connection."""

    def end(self) -> None:
        """Release everything. Called once, even if `run` was not."""


async def serve(
    websocket: WebSocket,
    protocol: str,
    create: Callable[[Client], Session],
    admit: Callable[[Service, HTTPConnection], Key] = admission.admit,
) -> None:
    """Admit a client and run its session. Errors of `create` become an HTTP response instead of the
    upgrade. `protocol` is the subprotocol to accept if the client offers it.
    """
    service: Service = websocket.app.state.service
    try:
        await _check_origin(websocket, service)
        key = await asyncio.to_thread(admit, service, websocket)
        session = create(Client(websocket, service, key))
    except UnispeechError as error:
        await deny(websocket, error)
        return
    offered = websocket.headers.get("sec-websocket-protocol", "").split(",")
    subprotocol = protocol if protocol in map(str.strip, offered) else None
    try:
        if await _accept(websocket, subprotocol, session.headers):
            await session.run()
    except WebSocketDisconnect:
        pass
    except RuntimeError:  # Starlette's error for sending to a closed connection
        if is_open(websocket):
            raise
    finally:
        session.end()


async def deny(websocket: WebSocket, error: UnispeechError) -> None:
    """Answer the upgrade with an error response, unless the client has disconnected."""
    with contextlib.suppress(OSError):  # uvicorn's error for a closed connection
        await websocket.send_denial_response(answer(websocket, error))


async def _accept(
    websocket: WebSocket, subprotocol: str | None, headers: Mapping[str, str]
) -> bool:
    """Accept the connection; return False if the client has disconnected."""
    try:
        await websocket.accept(
            subprotocol, [(name.encode(), value.encode()) for name, value in headers.items()]
        )
    except OSError:  # uvicorn's error for a closed connection
        return False
    return True


async def send(
    websocket: WebSocket, message: dict[str, Any], timeout: float = SEND_TIMEOUT
) -> None:
    """Send a message as ASCII JSON, which can also carry a lone surrogate that a client sent.

    Raises:
        WebSocketDisconnect: the client has disconnected, or reads nothing.
    """
    await _within(timeout, websocket.send_text(json.dumps(message)))


async def close(websocket: WebSocket, code: int, reason: str = "") -> None:
    """Close the connection.

    Raises:
        WebSocketDisconnect: the client has disconnected, or reads nothing.
    """
    await _within(SEND_TIMEOUT, websocket.close(code, reason))


async def _within(timeout: float, sending: Coroutine[Any, Any, None]) -> None:
    try:
        await asyncio.wait_for(sending, timeout)
    except TimeoutError:
        raise WebSocketDisconnect(1006) from None


def is_open(websocket: WebSocket) -> bool:
    return WebSocketState.DISCONNECTED not in (websocket.client_state, websocket.application_state)


async def _check_origin(websocket: WebSocket, service: Service) -> None:
    """Reject pages of other origins, which would use the visitor's network or key.

    Browsers do not apply the same-origin policy to WebSockets (RFC 6455, section 10.2), so this
    holds where keys are required, too.

    Raises:
        RequestError: 403, the host name or the origin is not accepted.
    """
    if is_foreign(websocket, service.settings):
        raise foreign_origin(websocket)
    error = await refusal(websocket, service, is_write=True)
    if error is not None:
        raise error


async def receive(websocket: WebSocket) -> AsyncIterator[Message]:
    """Yield the client's messages until it disconnects."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        yield message


async def run_until_first_ends(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run coroutines concurrently until one ends or fails, and cancel the others."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
