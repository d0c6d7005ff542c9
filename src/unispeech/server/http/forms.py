"""Request bodies: streamed to disk, limited in size, and timed out when they stall."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from anyascii import anyascii
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unispeech.errors import UnispeechError
from unispeech.server.http.error_responses import RequestError, answer
from unispeech.server.service_errors import TooLarge
from unispeech.server.storage.disk import PIECE, save

MAX_FIELDS = 1 << 20
"""Largest size in bytes of a form without its file."""
STALL_TIMEOUT = 60.0
"""Seconds without a byte after which a request body times out."""
MAX_DOCUMENT = 32 << 20
"""Largest body in bytes that is not a recording: the transcript of a day."""
TO_DISK = re.compile(
    r"/v1/(transcribe|detect|audio/\w+)|/asr|/detect-language|/api/jobs|/api/uploads(/.*)?"
)
"""Paths whose bodies are recordings."""


class BodyLimit:
    """ASGI middleware that rejects request bodies which are too large, whatever their headers say,
    or stall.

    The size limit is `limit` for recordings, which go to disk, and `MAX_DOCUMENT` for other bodies,
    which are read into memory.
    """

    def __init__(self, app: ASGIApp, limit: int, timeout: float = STALL_TIMEOUT) -> None:
        self.app = app
        self.limit = limit
        self.timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit if TO_DISK.fullmatch(scope["path"]) else None
        body = _Body(receive, send, limit, self.timeout)
        try:
            await self.app(scope, body.receive, body.send)
        except UnispeechError as error:
            if error is not body.error:
                raise
        if body.error is not None and not body.response_started:
            await answer(HTTPConnection(scope), body.error)(scope, receive, send)


class _Body:
    """Channels of one request. `limit` is that of a recording in bytes, None for other bodies."""

    def __init__(self, receive: Receive, send: Send, limit: int | None, timeout: float) -> None:
        self.error: UnispeechError | None = None
        self.response_started = False
        self._receive, self._send, self._timeout = receive, send, timeout
        self._size, self._is_complete = 0, False
        self._limit = limit
        self._max_size = limit + MAX_FIELDS if limit is not None else MAX_DOCUMENT

    async def receive(self) -> Message:
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout(self._timeout):
                message = await self._receive()
        except TimeoutError:
            self.error = RequestError(
                408, f"the body stalled for {self._timeout:g} s", "send it without pauses",
                code="request_timeout", headers={"Connection": "close"},
            )  # fmt: skip
            raise self.error from None
        self._is_complete = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > self._max_size:
            subject = "upload" if self._limit is not None else "body"
            self.error = TooLarge(self._limit or MAX_DOCUMENT, subject)
            raise self.error
        return message

    async def send(self, message: Message) -> None:
        # Drop the framework's response to the error; `BodyLimit` sends its own.
        if self.error is None or self.response_started:
            self.response_started = True
            await self._send(message)


def check_length(request: Request, limit: int) -> None:
    """Reject a body whose Content-Length exceeds the limit, before reading it."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit + MAX_FIELDS:
        raise TooLarge(limit)


async def save_body(request: Request, target: Path, limit: int) -> int:
    """Write the raw body to a file, whatever its Content-Type, and return its size in bytes."""
    check_length(request, limit)
    return await save(request.stream(), target, limit)


async def until_disconnect(request: Request) -> AsyncIterator[bytes]:
    """Yield the body; a lost connection ends it without an error."""
    with contextlib.suppress(ClientDisconnect):
        async for piece in request.stream():
            yield piece


class _MultipartParser(MultiPartParser):
    """Starlette's parser, with large files in `folder`: the default, the system's temporary folder,
    is in memory on many machines."""

    def __init__(self, request: Request, folder: Path) -> None:
        super().__init__(
            request.headers,
            request.stream(),
            max_files=20,
            max_fields=300,
            max_part_size=MAX_FIELDS,
        )
        self._folder = folder

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        upload = self._current_part.file
        if upload is not None:
            upload.file.close()
            spool = SpooledTemporaryFile(self.spool_max_size, dir=str(self._folder))  # noqa: SIM115
            upload.file = cast(BinaryIO, spool)
            self._files_to_close_on_error.append(spool)


async def form(request: Request, limit: int, folder: Path) -> FormData:
    """Parse a form; large files are written to `folder`. `BodyLimit` enforces the size limit."""
    check_length(request, limit)
    kind = request.headers.get("content-type", "").lower()
    try:
        if kind.startswith("multipart/form-data"):
            return await _MultipartParser(request, folder).parse()
        if kind.startswith("application/x-www-form-urlencoded"):
            return await request.form(max_fields=300, max_part_size=MAX_FIELDS)
        raise RequestError(400, "the body is not a form", "send multipart/form-data")
    except (ClientDisconnect, UnispeechError):
        raise
    except MultiPartException as error:
        raise RequestError(400, error.message) from error
    except (ValueError, KeyError, UnicodeError) as error:
        raise RequestError(400, "the form is malformed") from error


async def save_file(file: UploadFile, target: Path, limit: int) -> int:
    """Copy a form's file to `target`, and return its size in bytes."""
    if file.size is not None and file.size > limit:
        raise TooLarge(limit)
    await asyncio.to_thread(_copy, file.file, target)
    return target.stat().st_size


def _copy(source: BinaryIO, target: Path) -> None:
    source.seek(0)
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, PIECE)


def file_field(fields: FormData, *names: str) -> UploadFile | None:
    for name in names:
        value = fields.get(name)
        if isinstance(value, UploadFile):
            return value
    return None


def header_name(name: str) -> str:
    """Return a name for a header: ASCII letters and digits, and `_` for all else."""
    return re.sub(r"[^A-Za-z0-9+]", "_", anyascii(name)) or "untitled"
