"""Ranges of bytes (RFC 9110, section 14): one that is well-formed is honoured, all others are
ignored."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Coroutine, Iterator, MutableMapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from unispeech.server.http.error_responses import RequestError, answer
from unispeech.server.storage.recording_store import Store, Stored

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


async def until_disconnect(receive: Receive, sending: Coroutine[Any, Any, None]) -> None:
    """Send a body, and stop when the client disconnects: a player that seeks does, and the rest of
    the recording need not be read."""
    work, gone = asyncio.ensure_future(sending), asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        if not work.done():
            work.cancel()
    if work.done():
        work.result()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


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


class RangedObject(Response):
    """File of a store that is not on this machine, with the headers and ranges of `RangedFile`."""

    def __init__(self, store: Store, stored: Stored, headers: dict[str, str], media_type: str):
        tag = hashlib.md5(f"{stored.modified}-{stored.size}".encode(), usedforsecurity=False)
        own = {
            "accept-ranges": "bytes",
            "last-modified": formatdate(stored.modified, usegmt=True),
            "etag": f'"{tag.hexdigest()}"',
        }
        super().__init__(headers=headers | own, media_type=media_type)
        self._store = store
        self._stored = stored

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = self._stored.size
        range = self._range(Headers(scope=scope))
        first, last = range or (0, size - 1)
        if range is not None and first >= size:
            await unsatisfiable(scope, size)(scope, receive, send)
            return
        self.headers["content-length"] = str(last + 1 - first)
        if range is not None:
            self.status_code = 206
            self.headers["content-range"] = f"bytes {first}-{last}/{size}"
        pieces = self._store.read(self._stored.key, first, last + 1)
        is_read = scope["method"] != "HEAD"
        # Before the first byte is sent, a store that does not answer is still a 503.
        piece = await self._store.run(next, pieces, b"") if is_read else b""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await until_disconnect(receive, self._send(send, piece, pieces))

    async def _send(self, send: Send, piece: bytes, pieces: Iterator[bytes]) -> None:
        while piece:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await self._store.run(next, pieces, b"")
        await send({"type": "http.response.body", "body": b""})

    def _range(self, headers: Headers) -> tuple[int, int] | None:
        condition = headers.get("if-range")
        if condition not in (None, self.headers["etag"], self.headers["last-modified"]):
            return None
        return requested(headers.get("range", ""), self._stored.size)


def _remove_range(scope: MutableMapping[str, object]) -> None:
    headers = scope["headers"]
    assert isinstance(headers, list)
    scope["headers"] = [(name, value) for name, value in headers if name != b"range"]
