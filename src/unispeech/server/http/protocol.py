"""uvicorn's HTTP/1.1 protocol with timeouts for headers and for clients that stop reading, JSON
bodies for malformed requests, and a shutdown signal for long-lived streams."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_HEADERS = 64 * 1024
"""Largest size in bytes of a request line with its headers."""
PIECE = 16 * 1024
"""Bytes passed to h11 at once."""
HEADER_TIMEOUT = 30.0
"""Seconds in which the headers of a request have to arrive, so that idle clients cannot hold all
connections."""
UNREAD_TIMEOUT = 30.0
"""Seconds for which the rest of a body is read and dropped after the response, so that a slow one
cannot hold the connection. Closing at once could lose the response on its way to the client."""
READ_TIMEOUT = 60.0
"""Seconds after which a client that reads nothing of its response is disconnected, as by nginx."""
TICK = 0.5
"""Seconds between two looks at the signal to stop; uvicorn's 0.1 s cost 0.2 % of a core."""
LINGER = 2.0
"""Seconds for which the rest of a rejected request is read and dropped. Closing at once would reset
the connection, and the client would lose the response."""
ERRORS = {
    400: ("invalid_request", "this is not a valid HTTP request", b"Bad Request"),
    408: ("request_timeout", "the headers did not arrive in time", b"Request Timeout"),
    431: ("headers_too_large", f"the headers are larger than {MAX_HEADERS} bytes", b"Too Large"),
}


class Connection(H11Protocol):
    """Connection of one client."""

    header_timeout = HEADER_TIMEOUT
    unread_timeout = UNREAD_TIMEOUT
    read_timeout = READ_TIMEOUT
    linger = LINGER

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._rejected = False
        self._timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_reader_timer()
        self._stop_unread_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Called when the client reads more slowly than the response is written."""
        super().pause_writing()
        self._start_reader_timer()

    def resume_writing(self) -> None:
        self._stop_reader_timer()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Feed h11 in small pieces: it measures headers only while they are incomplete."""
        for start in range(0, len(data), PIECE):
            if not self._rejected:
                super().data_received(data[start : start + PIECE])
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._timer is None:
            self._start_timer()
        if self.conn.their_state is not h11.SEND_BODY:
            self._stop_unread_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self._unread_timer = self.loop.call_later(self.unread_timeout, self.transport.close)

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.header_timeout, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_reader_timer(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._reader_timer = self.loop.call_later(self.read_timeout, self._check_reader, unread)

    def _stop_reader_timer(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _check_reader(self, unread: int) -> None:
        if self.transport.get_write_buffer_size() < unread:
            self._start_reader_timer()
        else:
            self.transport.abort()

    def _time_out(self) -> None:
        if self.conn.trailing_data[0]:
            self._reject(408)
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Respond to an error of h11, which suggests the status."""
        hint = getattr(sys.exc_info()[1], "error_status_hint", 400)
        self._reject(hint if hint in ERRORS else 400)

    def _reject(self, status: int) -> None:
        code, message, reason = ERRORS[status]
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
        self._rejected = True
        self.loop.call_later(self.linger, self.transport.close)


class Listener(uvicorn.Server):
    """uvicorn's server with three callbacks.

    `on_listening` gets the port. `on_shutdown` is called before open requests are waited for, so
    that event streams, which do not end by themselves, can be closed. `on_second_interrupt` ends
    the process at Ctrl-C during the shutdown; uvicorn would log tracebacks of cancelled tasks.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_listening: Callable[[int], None],
        on_shutdown: Callable[[], None],
        on_second_interrupt: Callable[[], NoReturn],
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._on_shutdown = on_shutdown
        self._on_second_interrupt = on_second_interrupt

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            self._on_second_interrupt()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_listening(self.servers[0].sockets[0].getsockname()[1])

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # 0: update the date of the responses
            await asyncio.sleep(TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_shutdown()
        await super().shutdown(sockets)
