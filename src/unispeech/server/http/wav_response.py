"""A stored FLAC file as WAV, decoded while it is sent; range requests work, so players can seek."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from unispeech.server.http import byte_ranges
from unispeech.server.speech import flac
from unispeech.server.storage.recording_store import Store
from unispeech.types import SAMPLE_RATE

PIECE = 1 << 18
"""Bytes sent at once."""


class WavResponse(Response):
    """Response of the WAV of a FLAC file in a store. Ranges other than a single one are ignored."""

    def __init__(self, store: Store, key: str, headers: dict[str, str]) -> None:
        super().__init__(headers=headers, media_type="audio/wav")
        self._store = store
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        count = await self._store.run(self._count_samples)
        header = _header(count)
        size = len(header) + 2 * count
        range = byte_ranges.requested(Headers(scope=scope).get("range", ""), size)
        first, last = range or (0, size - 1)
        if first >= size:
            await byte_ranges.unsatisfiable(scope, size)(scope, receive, send)
            return
        headers = self.headers
        headers["accept-ranges"] = "bytes"
        headers["content-length"] = str(last + 1 - first)
        if range is not None:
            self.status_code = 206
            headers["content-range"] = f"bytes {first}-{last}/{size}"
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        is_read = scope["method"] != "HEAD"
        pieces = self._pieces(header, first, last + 1) if is_read else iter(())
        await byte_ranges.until_disconnect(receive, self._send(send, pieces))

    async def _send(self, send: Send, pieces: Iterator[bytes]) -> None:
        while piece := await self._store.run(next, pieces, b""):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _count_samples(self) -> int:
        with self._opened() as source:
            return flac.count_samples(source)

    def _pieces(self, header: bytes, first: int, end: int) -> Iterator[bytes]:
        with self._opened() as source:
            yield from _pieces(source, header, first, end)

    @contextmanager
    def _opened(self) -> Iterator[Path | BinaryIO]:
        if (path := self._store.path(self._key)) is not None:
            yield path
            return
        with self._store.open(self._key) as file:
            yield file


def _header(samples: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, SAMPLE_RATE, samples, "NONE", ""))
        writer.writeframes(b"")
        writer._datawritten = 2 * samples  # type: ignore[attr-defined]  # for the sizes in it
        writer._patchheader()  # type: ignore[attr-defined]
    return file.getvalue()


def _pieces(source: Path | BinaryIO, header: bytes, first: int, end: int) -> Iterator[bytes]:
    buffer = bytearray(header[first:end])
    start = max(0, first - len(header))
    left = end - first - len(buffer)
    skipped = start % 2
    for samples in flac.read(source, start // 2, (end - len(header) + 1) // 2) if left else ():
        data = samples.tobytes()[skipped:][:left]
        skipped = 0
        left -= len(data)
        buffer += data
        if len(buffer) >= PIECE:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)
