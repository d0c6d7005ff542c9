"""HTTP/1.1 as uvicorn speaks it, but who sends what cannot be read is answered before the end."""

from __future__ import annotations

import json
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

LARGEST = 64 * 1024
"""Bytes of a request's line and headers."""
PIECE = 16 * 1024
LINGER = 2.0
"""Seconds in which the rest of a refused request is read and forgotten. Closed at once, the
connection would be reset, and the answer lost on its way."""
REFUSALS = {
    431: ("headers_too_large", f"the headers are larger than {LARGEST} bytes", b"Too Large"),
    400: ("invalid_request", "this is not a request that can be read", b"Bad Request"),
}


class Connection(H11Protocol):
    """One client's connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """In pieces: h11 measures only what it has not seen the end of."""
        for start in range(0, len(data), PIECE):
            if not self._refused:
                super().data_received(data[start : start + PIECE])

    def send_400_response(self, msg: str) -> None:
        """Called where h11 has raised an error; that knows which status is meant."""
        hint = getattr(sys.exc_info()[1], "error_status_hint", 400)
        status = hint if hint in REFUSALS else 400
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
        self.loop.call_later(LINGER, self.transport.close)
