"""Ranges of bytes (RFC 9110, section 14): one that is well-formed is honoured, all others are
ignored."""

from __future__ import annotations

import asyncio
import re
from collections.abc import MutableMapping
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from unispeech.server.http.error_responses import RequestError, answer

_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.ASCII | re.IGNORECASE)


def requested(value: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte that a Range header asks for; None: the whole file.

    The range cannot be satisfied if the first byte is not before the end of the file.
    """
    match = _RANGE.fullmatch(value.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = (
        int(text) if len(text) < 20 else size for text in ("0" + match[1], "0" + match[2])
    )
    if not match[1]:
        return (max(0, size - last) if last else size), size - 1
    if not match[2]:
        return first, size - 1
    return None if last < first else (first, min(last, size - 1))


def unsatisfiable(scope: Scope, size: int) -> Response:
    """Return the response for a range after the end of the file."""
    error = RequestError(
        416, f"the range is outside of the file, which has {size} bytes",
        code="range_not_satisfiable", headers={"Content-Range": f"bytes */{size}"},
    )  # fmt: skip
    return answer(HTTPConnection(scope), error)


class RangedFile(FileResponse):
    """File of which a single range may be requested. Starlette's class answers malformed ranges
    with 400, and others in plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if "range" in headers and "if-range" not in headers:
            size = (await asyncio.to_thread(Path(self.path).stat)).st_size
            range = requested(headers["range"], size)
            if range is None:
                _remove_range(scope)
            elif range[0] >= size:
                await unsatisfiable(scope, size)(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def _remove_range(scope: MutableMapping[str, object]) -> None:
    headers = scope["headers"]
    assert isinstance(headers, list)
    scope["headers"] = [(name, value) for name, value in headers if name != b"range"]
