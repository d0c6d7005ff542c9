"""HTTP/1.1 as uvicorn speaks it, but who sends what cannot be read, or nothing, is answered; and
what has no end of its own is told when the server is to."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

LARGEST = 64 * 1024
"""Bytes of a request's line and headers."""
PIECE = 16 * 1024
HURRY = 30.0
"""Seconds in which the headers of a request have to be there. A process has only so many
connections, and whoever holds them all keeps the others out."""
LINGER = 2.0
"""Seconds in which the rest of a refused request is read and forgotten. Closed at once, the
connection would be reset, and the answer lost on its way."""
REFUSALS = {
    400: ("invalid_request", "this is not a request that can be read", b"Bad Request"),
    408: ("request_timeout", "the headers did not come in time", b"Request Timeout"),
    431: ("headers_too_large", f"the headers are larger than {LARGEST} bytes", b"Too Large"),
}


class Connection(H11Protocol):
    """One client's connection."""

    hurry = HURRY
    linger = LINGER

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._refused = False
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(self.hurry, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """In pieces: h11 measures only what it has not seen the end of."""
        for start in range(0, len(data), PIECE):
            if not self._refused:
                super().data_received(data[start : start + PIECE])
        if self.conn.their_state is not h11.IDLE:
            self._in_time()
        elif self._late is None:
            self._late = self.loop.call_later(self.hurry, self._too_late)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        if self.conn.trailing_data[0]:
            self._refuse(408)
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Called where h11 has raised an error; that knows which status is meant."""
        hint = getattr(sys.exc_info()[1], "error_status_hint", 400)
        self._refuse(hint if hint in REFUSALS else 400)

    def _refuse(self, status: int) -> None:
        code, message, reason = REFUSALS[status]
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        body = json.dumps({"error": error}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        events = (
            h11.Response(status_code=status, headers=headers, reason=reason),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self._refused = True
        self.loop.call_later(self.linger, self.transport.close)


class Listener(uvicorn.Server):
    """uvicorn's server with two callbacks.

    `on_listening` gets the port. `on_shutdown` is called before open requests are waited for, so
    that event streams, which do not end by themselves, can be closed.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_listening: Callable[[int], None],
        on_shutdown: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._on_shutdown = on_shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_listening(self.servers[0].sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_shutdown()
        await super().shutdown(sockets)
