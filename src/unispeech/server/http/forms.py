"""What clients send: to disk as it arrives, never whole in memory, never more than allowed."""

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
from unispeech.server.http.error_responses import Refused, answer
from unispeech.server.service_errors import TooLarge
from unispeech.server.storage.disk import PIECE, save

FIELDS = 1 << 20
"""Bytes of a form besides its file."""
SILENCE = 60.0
"""Seconds without a byte after which the rest of a body is no longer waited for."""
DOCUMENT = 32 << 20
"""Bytes of a body that is no recording: the corrected transcript of a day."""
TO_DISK = re.compile(
    r"/v1/(transcribe|detect|audio/\w+)|/asr|/detect-language|/api/jobs|/api/uploads(/.*)?"
)
"""The paths whose bodies are recordings."""


class BodyLimit:
    """Cuts every request's body off at a number of bytes, whatever its headers say, and where no
    more of it comes.

    The number is `limit` where a recording is written to disk as it comes, and `DOCUMENT`
    everywhere else, where the body is read into memory.
    """

    def __init__(self, app: ASGIApp, limit: int, silence: float = SILENCE) -> None:
        self.app = app
        self.limit = limit
        self.silence = silence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit if TO_DISK.fullmatch(scope["path"]) else None
        body = _Body(receive, send, limit, self.silence)
        try:
            await self.app(scope, body.receive, body.send)
        except UnispeechError as error:
            if error is not body.wrong:
                raise
        if body.wrong is not None and not body.begun:
            await answer(HTTPConnection(scope), body.wrong)(scope, receive, send)


class _Body:
    """One request's body on its way. `limit`: bytes of a recording; None: it is none."""

    def __init__(self, receive: Receive, send: Send, limit: int | None, silence: float) -> None:
        self.wrong: UnispeechError | None = None
        self.begun = False
        """Whether an answer is under way."""
        self._receive, self._send, self._silence = receive, send, silence
        self._seen, self._whole = 0, False
        self._limit = limit
        self._most = limit + FIELDS if limit is not None else DOCUMENT

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._silence):
                message = await self._receive()
        except TimeoutError:
            self.wrong = Refused(
                408, f"nothing has come for {self._silence:g} s", "send it without such pauses",
                code="request_timeout", headers={"Connection": "close"},
            )  # fmt: skip
            raise self.wrong from None
        self._whole = not message.get("more_body", False)
        self._seen += len(message.get("body", b""))
        if self._seen > self._most:
            subject = "upload" if self._limit is not None else "body"
            self.wrong = TooLarge(self._limit or DOCUMENT, subject)
            raise self.wrong
        return message

    async def send(self, message: Message) -> None:
        # What the framework makes of the error while it reads is not what is to be said.
        if self.wrong is None or self.begun:
            self.begun = True
            await self._send(message)


def check_length(request: Request, limit: int) -> None:
    """Refuse before reading what its own header says is too much."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit + FIELDS:
        raise TooLarge(limit)


async def save_body(request: Request, target: Path, limit: int) -> int:
    """Write the raw body, whatever its Content-Type, and return its number of bytes."""
    check_length(request, limit)
    return await save(request.stream(), target, limit)


async def until_disconnect(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives; ends without an error where the connection breaks."""
    with contextlib.suppress(ClientDisconnect):
        async for piece in request.stream():
            yield piece


class _MultipartParser(MultiPartParser):
    """Starlette's parser, which puts large files into `folder`: its own choice, the system's folder
    for temporary files, is in memory on many machines."""

    def __init__(self, request: Request, folder: Path) -> None:
        super().__init__(
            request.headers, request.stream(), max_files=20, max_fields=300, max_part_size=FIELDS
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
    """The fields of a form; large files are in `folder` (see `BodyLimit` for how large)."""
    check_length(request, limit)
    kind = request.headers.get("content-type", "").lower()
    try:
        if kind.startswith("multipart/form-data"):
            return await _MultipartParser(request, folder).parse()
        if kind.startswith("application/x-www-form-urlencoded"):
            return await request.form(max_fields=300, max_part_size=FIELDS)
        raise Refused(400, "the body is not a form", "send multipart/form-data")
    except (ClientDisconnect, UnispeechError):
        raise
    except MultiPartException as error:
        raise Refused(400, error.message) from error
    except (ValueError, KeyError, UnicodeError) as error:
        raise Refused(400, "the body is not a form that can be read") from error


async def save_file(file: UploadFile, target: Path, limit: int) -> int:
    """A form's file, in its place. How many bytes it had."""
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
    """A name that is safe in a header: letters and digits of ASCII, `_` for the rest."""
    return re.sub(r"[^A-Za-z0-9+]", "_", anyascii(name)) or "untitled"
