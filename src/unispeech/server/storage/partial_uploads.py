"""Resumable uploads, which survive lost connections and restarts of the server.

Name and announced size are in a row, the bytes in `upload_parts`. Bytes are written at their
offset, so a repeated piece does no harm.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from unispeech.errors import UnispeechError
from unispeech.server.service_errors import TooLarge
from unispeech.server.storage.connection import is_storable
from unispeech.server.storage.database import Database
from unispeech.server.storage.quotas import Quotas
from unispeech.server.storage.tables import uploads as table
from unispeech.server.storage.upload_parts import Parts, Received

EXPIRES = 86_400.0
"""Seconds without a byte after which an upload is removed."""


class Superseded(UnispeechError):
    """Another request has continued the upload."""


class WrongOffset(UnispeechError):
    """The request does not begin at `offset`, where the upload ends."""

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"the upload has {offset} bytes so far", "continue from there (HEAD returns the offset)"
        )
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Upload:
    """Upload of which `offset` of `size` bytes have been received."""

    id: str
    filename: str
    size: int
    created: float
    offset: int
    expires: float


@dataclass(eq=False, slots=True)
class _Writer:
    """Request that writes to an upload. Its connection may be dead without an error."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Uploads:
    """Unfinished uploads of all callers."""

    def __init__(self, database: Database, parts: Parts, quotas: Quotas | None = None) -> None:
        self._quotas = quotas or Quotas(database)
        self._database = database
        self._parts = parts
        self._writers: dict[str, _Writer] = {}

    def create(self, owner: str, filename: str, size: int) -> Upload:
        """Create an empty upload.

        Raises:
            OverQuota, StorageFull: there is no room for the recording.
        """
        self._quotas.check_upload(owner, size)
        id, now = str(uuid.uuid4()), time.time()
        self._parts.create(id)
        row = {"id": id, "owner": owner, "filename": filename, "size": size, "created": now}
        with self._database.engine.begin() as c:
            c.execute(table.insert().values(**row))
        return Upload(id, filename, size, now, 0, now + EXPIRES)

    def find(self, owner: str, id: str) -> Upload | None:
        if not is_storable(id):
            return None
        uploads = self._rows(table.c.owner == owner, table.c.id == id)
        return uploads[0] if uploads else None

    def list(self, owner: str) -> Sequence[Upload]:
        return self._rows(table.c.owner == owner)

    def _rows(self, *where: sa.ColumnElement[bool]) -> Sequence[Upload]:
        query = sa.select(table).where(*where).order_by(table.c.created)
        with self._database.engine.connect() as c:
            rows = c.execute(query).all()
        found = ((row, self._parts.received(row.id)) for row in rows)
        return [
            Upload(
                row.id,
                row.filename,
                row.size,
                row.created,
                received.size,
                received.modified + EXPIRES,
            )
            for row, received in found
            if received is not None
        ]

    def take(self, upload: Upload, target: Path) -> None:
        """Link (or copy) the file to `target`. It stays here until `remove` is called."""
        self._parts.take(upload.id, target)

    def remove(self, id: str) -> None:
        """Remove an upload: first the file, so that a full disk has space for the transaction."""
        self._parts.remove(id)
        with self._database.engine.begin() as c:
            c.execute(table.delete().where(table.c.id == id))

    def sweep(self) -> int:
        """Remove abandoned uploads, and return their number."""
        before = time.time() - EXPIRES
        with self._database.engine.connect() as c:
            known = c.execute(sa.select(table.c.id).where(table.c.created < before)).scalars().all()
        received = self._parts.all()
        never = Received(0, float("-inf"))
        old = [i for i in {*known, *received} if received.get(i, never).modified < before]
        for id in old:
            self.remove(id)
        return len(old)

    async def append(self, upload: Upload, offset: int, pieces: AsyncIterator[bytes]) -> int:
        """Write the pieces at `offset`, and return the new offset.

        A request that is still writing to this upload is ended first.

        Raises:
            WrongOffset: `offset` is not the end of the file; nothing is written.
            Superseded: another request has taken over; no more is written.
            TooLarge: the pieces exceed the announced size; the excess is not written.
            FileNotFoundError: the upload was deleted.
        """
        writer, previous = _Writer(), self._writers.get(upload.id)
        self._writers[upload.id] = writer
        try:
            if previous is not None:
                previous.stop.set()
                await previous.ended.wait()
            received = await self._parts.store.run(self._parts.received, upload.id)
            if received is None:
                raise FileNotFoundError(upload.id)
            if offset != received.size:
                raise WrongOffset(received.size)
            return await self._write(upload, offset, pieces, writer)
        finally:
            writer.ended.set()
            if self._writers.get(upload.id) is writer:
                del self._writers[upload.id]

    async def _write(
        self, upload: Upload, offset: int, pieces: AsyncIterator[bytes], writer: _Writer
    ) -> int:
        buffer = bytearray()
        try:
            async for piece in _until(writer.stop, pieces):
                free = upload.size - offset - len(buffer)
                buffer += piece[:free]
                if len(piece) > free:
                    raise TooLarge(upload.size)
                if len(buffer) >= self._parts.piece:
                    offset = await self._flush(upload.id, offset, buffer)
        finally:
            offset = await self._flush(upload.id, offset, buffer)  # however the request ended
        return offset

    async def _flush(self, id: str, offset: int, buffer: bytearray) -> int:
        """Write the buffer and empty it, and return the new offset."""
        data = bytes(buffer)
        buffer.clear()
        await self._parts.store.run(self._parts.write, id, offset, data)
        return offset + len(data)


async def _until(stop: asyncio.Event, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces until `stop` is set.

    Raises:
        Superseded: `stop` was set.
    """
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while True:
            next_piece = asyncio.ensure_future(anext(pieces, None))
            await asyncio.wait({next_piece, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not next_piece.done():
                next_piece.cancel()
                raise Superseded("another request has continued this upload")
            piece = next_piece.result()
            if piece is None:
                return
            yield piece
    finally:
        stopped.cancel()
