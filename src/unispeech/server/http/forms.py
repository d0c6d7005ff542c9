"""Request bodies: streamed to disk, limited in size, and timed out when they stall."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import time
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from anyascii import anyascii
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unispeech.errors import UnispeechError
from unispeech.server.http.error_responses import RequestError, answer
from unispeech.server.http.sub_path import route_path
from unispeech.server.service_errors import TooLarge
from unispeech.server.storage.disk import PIECE, save

MAX_FIELDS = 1 << 20
"""Largest size in bytes of a form without its files: headers, names and values."""
FIELDS = "form without its files"
"""Name in messages of the part of a form that `MAX_FIELDS` limits."""
STALL_TIMEOUT = 60.0
"""Seconds without a byte after which a request body times out."""
MIN_RATE = 500
"""Bytes per second below which a request body times out in the end: a quarter of what the slowest
mobile network, GPRS, sends."""
MAX_DOCUMENT = 32 << 20
"""Largest transcript in bytes: that of a day."""
MAX_JSON = 1 << 20
"""Largest body in bytes that is neither a recording nor a transcript."""
MAX_FIELD_COUNT = 300
"""Largest number of fields of a form besides files."""
TO_DISK = re.compile(
    r"/v1/(transcribe|detect|listen|audio/\w+)|/openai/(v1|deployments/[^/]+)/audio/\w+|/asr"
    r"|/detect-language|/inference|/invocations|/api/jobs|/api/uploads(/.*)?"
)
"""Paths whose bodies are recordings."""
FILE_FIELDS = (b"file", b"audio_file")
"""Fields that contain a recording even if their part has no file name."""
DOCUMENTS = re.compile(r"/api/jobs/[^/]+/transcript")
"""Paths whose bodies are transcripts."""


class BodyLimit:
    """ASGI middleware that rejects request bodies which are too large, whatever their headers say,
    or too slow.

    The size limit is `limit` for recordings, which go to disk; other bodies are read into memory:
    `MAX_DOCUMENT` for transcripts, and `MAX_JSON` for all others.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        timeout: float = STALL_TIMEOUT,
        min_rate: float = MIN_RATE,
    ) -> None:
        self.app = app
        self.limit = limit
        self.timeout = timeout
        self.min_rate = min_rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        patience = _Patience(self.timeout, self.min_rate)
        body = _Body(receive, send, *self._limit(route_path(scope)), patience)
        try:
            await self.app(scope, body.receive, body.send)
        except UnispeechError as error:
            if error is not body.error:
                raise
        if body.error is not None and not body.response_started:
            await answer(HTTPConnection(scope), body.error)(scope, receive, send)

    def _limit(self, path: str) -> tuple[str, int, int]:
        """Return the name of the body, its limit as told to the client, and the limit in bytes."""
        if TO_DISK.fullmatch(path):
            return "upload", self.limit, self.limit + MAX_FIELDS
        limit = MAX_DOCUMENT if DOCUMENTS.fullmatch(path) else MAX_JSON
        return "body", limit, limit


class _Patience:
    """Seconds that a client may keep its request waiting for the body.

    Waiting uses them up, and each byte adds `1 / min_rate`, up to `timeout` in all. A client that
    sends faster than `min_rate` may pause now and then, one that sends slower times out. With a
    rate of 0 each byte adds all.
    """

    def __init__(self, timeout: float, min_rate: float) -> None:
        self._timeout, self._min_rate = timeout, min_rate
        self.left = timeout

    def spend(self, seconds: float, size: int) -> None:
        gained = size / self._min_rate if self._min_rate else self._timeout
        self.left = min(self.left - seconds + gained, self._timeout)

    @property
    def reason(self) -> str:
        rate = f", or is slower than {self._min_rate:g} bytes/s" if self._min_rate else ""
        return f"the body stalled for {self._timeout:g} s{rate}"


class _Body:
    """Channels of one request."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        subject: str,
        limit: int,
        max_size: int,
        patience: _Patience,
    ) -> None:
        self.error: UnispeechError | None = None
        self.response_started = False
        self._receive, self._send, self._patience = receive, send, patience
        self._size, self._is_complete = 0, False
        self._subject, self._limit, self._max_size = subject, limit, max_size

    async def receive(self) -> Message:
        if self._is_complete:
            return await self._receive()
        start = time.monotonic()
        try:
            async with asyncio.timeout(self._patience.left):
                message = await self._receive()
        except TimeoutError:
            self.error = RequestError(
                408, self._patience.reason, "send it without pauses, or as a resumable upload",
                code="request_timeout", headers={"Connection": "close"},
            )  # fmt: skip
            raise self.error from None
        self._is_complete = not message.get("more_body", False)
        size = len(message.get("body", b""))
        self._patience.spend(time.monotonic() - start, size)
        self._size += size
        if self._size > self._max_size:
            self.error = TooLarge(self._limit, self._subject)
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
            max_fields=MAX_FIELD_COUNT,
            max_part_size=MAX_FIELDS,
        )
        self._folder = folder
        self._size = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self._count(end - start)
        super().on_part_data(data, start, end)

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        super().on_header_field(data, start, end)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        super().on_header_value(data, start, end)

    def _count(self, size: int) -> None:
        """Limit the sum of everything that is kept in memory until the form is complete."""
        self._size += size
        if self._size > MAX_FIELDS:
            raise TooLarge(MAX_FIELDS, FIELDS)

    def on_headers_finished(self) -> None:
        self._name_file()
        super().on_headers_finished()
        upload = self._current_part.file
        if upload is not None:
            upload.file.close()
            spool = SpooledTemporaryFile(self.spool_max_size, dir=str(self._folder))  # noqa: SIM115
            upload.file = cast(BinaryIO, spool)
            self._files_to_close_on_error.append(spool)

    def _name_file(self) -> None:
        """Name a file that has no name, without which the parser takes it for a field.

        curl sends none with `-F 'file=<talk.wav'`.
        """
        disposition = self._current_part.content_disposition
        _, parameters = parse_options_header(disposition)
        if parameters.get(b"name") in FILE_FIELDS and b"filename" not in parameters:
            self._current_part.content_disposition = (disposition or b"") + b'; filename="untitled"'


async def form(request: Request, limit: int, folder: Path) -> FormData:
    """Parse a form; large files are written to `folder`. `BodyLimit` enforces the size limit.

    `routing.Route` closes the files.
    """
    fields = await _parsed(request, limit, folder)
    request.state.form = fields
    return fields


async def _parsed(request: Request, limit: int, folder: Path) -> FormData:
    check_length(request, limit)
    kind = request.headers.get("content-type", "").lower()
    try:
        if kind.startswith("multipart/form-data"):
            return await _MultipartParser(request, folder).parse()
        if kind.startswith("application/x-www-form-urlencoded"):
            fields = _at_most(MAX_FIELDS, request.stream())
            return await FormParser(request.headers, fields, max_fields=MAX_FIELD_COUNT).parse()
        raise RequestError(400, "the body is not a form", "send multipart/form-data")
    except (ClientDisconnect, UnispeechError):
        raise
    except MultiPartException as error:
        raise RequestError(400, error.message) from error
    except (ValueError, KeyError, UnicodeError) as error:
        raise RequestError(400, "the form is malformed") from error


async def _at_most(limit: int, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    size = 0
    async for piece in body:
        size += len(piece)
        if size > limit:
            raise TooLarge(limit, FIELDS)
        yield piece


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
