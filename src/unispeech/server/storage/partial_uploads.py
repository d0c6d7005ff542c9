"""Uploads that come in pieces and survive a lost connection, or a restart of the server.

How much has arrived is the length of the file; what it is to become is a row. Pieces are written
where they belong, so the same piece twice does no harm.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from unispeech.errors import UnispeechError
from unispeech.server.service_errors import TooLarge
from unispeech.server.storage.connection import keepable
from unispeech.server.storage.database import Database
from unispeech.server.storage.disk import PIECE
from unispeech.server.storage.tables import uploads as table

EXPIRES = 86_400.0
"""Seconds without a byte after which an upload is given up."""


class Superseded(UnispeechError):
    """Another request goes on with the upload."""


class WrongOffset(UnispeechError):
    """What was sent does not begin where the upload stands, which is `offset`."""

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"the upload stands at byte {offset}", "ask with HEAD, and go on from there"
        )
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is arriving. `offset` of its `size` bytes are here."""

    id: str
    filename: str
    size: int
    created: float
    offset: int
    expires: float


@dataclass(eq=False, slots=True)
class _Writer:
    """A request that is writing. Its connection may be dead without anybody knowing."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Uploads:
    """The uploads of every caller."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._writers: dict[str, _Writer] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, owner: str, filename: str, size: int) -> Upload:
        id, now = str(uuid.uuid4()), time.time()
        self._file(id).touch()
        row = {"id": id, "owner": owner, "filename": filename, "size": size, "created": now}
        with self._database.engine.begin() as c:
            c.execute(table.insert().values(**row))
        return Upload(id, filename, size, now, 0, now + EXPIRES)

    def find(self, owner: str, id: str) -> Upload | None:
        if not keepable(id):
            return None
        found = self._rows(table.c.owner == owner, table.c.id == id)
        return found[0] if found else None

    def list(self, owner: str) -> Sequence[Upload]:
        return self._rows(table.c.owner == owner)

    def _rows(self, *where: sa.ColumnElement[bool]) -> Sequence[Upload]:
        query = sa.select(table).where(*where).order_by(table.c.created)
        with self._database.engine.connect() as c:
            rows = c.execute(query).all()
        found = []
        for row in rows:
            file = self._file(row.id)
            if file.is_file():
                stat = file.stat()
                expires = stat.st_mtime + EXPIRES
                found.append(
                    Upload(row.id, row.filename, row.size, row.created, stat.st_size, expires)
                )
        return found

    def take(self, upload: Upload, target: Path) -> None:
        """Have the file there too. It is still here, until whoever takes it calls `remove`."""
        try:
            os.link(self._file(upload.id), target)
        except OSError:  # another disk, or one that knows no links
            shutil.copyfile(self._file(upload.id), target)

    def remove(self, id: str) -> None:
        """The file first: on a full disk that makes the room in which its row can be removed."""
        self._file(id).unlink(missing_ok=True)
        with self._database.engine.begin() as c:
            c.execute(table.delete().where(table.c.id == id))

    def sweep(self) -> int:
        """Remove what has been given up."""
        before = time.time() - EXPIRES
        with self._database.engine.connect() as c:
            known = c.execute(sa.select(table.c.id).where(table.c.created < before)).scalars().all()
        names = {*known, *(file.name for file in self._folder.iterdir())}
        old = [name for name in names if self._last(name) < before]
        for id in old:
            self.remove(id)
        return len(old)

    def _last(self, id: str) -> float:
        """When something arrived last; long ago where the file is gone."""
        try:
            return self._file(id).stat().st_mtime
        except FileNotFoundError:
            return float("-inf")

    async def append(self, upload: Upload, offset: int, pieces: AsyncIterator[bytes]) -> int:
        """Write what arrives, until the pieces end, and return the new offset.

        A request that is still writing is ended first.

        Raises:
            WrongOffset, Superseded: nothing, or no more, is written.
            TooLarge: more arrived than the upload was to have; the rest is not written.
        """
        writer, before = _Writer(), self._writers.get(upload.id)
        self._writers[upload.id] = writer
        try:
            if before is not None:
                before.stop.set()
                await before.ended.wait()
            here = self._file(upload.id).stat().st_size
            if offset != here:
                raise WrongOffset(here)
            return await self._write(upload, here, pieces, writer)
        finally:
            writer.ended.set()
            if self._writers.get(upload.id) is writer:
                del self._writers[upload.id]

    async def _write(
        self, upload: Upload, offset: int, pieces: AsyncIterator[bytes], writer: _Writer
    ) -> int:
        held = bytearray()
        with self._file(upload.id).open("r+b") as file:
            file.seek(offset)
            try:
                async for piece in _until(writer.stop, pieces):
                    room = upload.size - offset - len(held)
                    held += piece[:room]
                    if len(piece) > room:
                        raise TooLarge(upload.size)
                    if len(held) >= PIECE:
                        await asyncio.to_thread(file.write, bytes(held))
                        offset += len(held)
                        held.clear()
            finally:
                file.write(held)  # whatever ended the request
        return offset + len(held)

    def _file(self, id: str) -> Path:
        return self._folder / id


async def _until(stop: asyncio.Event, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, until `stop` is set.

    Raises:
        Superseded: it was.
    """
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while True:
            coming = asyncio.ensure_future(anext(pieces, None))
            await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                raise Superseded("another request goes on with this upload")
            piece = coming.result()
            if piece is None:
                return
            yield piece
    finally:
        stopped.cancel()
