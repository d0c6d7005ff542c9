"""Limits on the bytes of stored recordings, for each key and for all together."""

from __future__ import annotations

import sqlalchemy as sa

from unispeech.server.service_errors import OverQuota, StorageFull
from unispeech.server.storage.database import Database
from unispeech.server.storage.tables import jobs, uploads


class Quotas:
    """Bytes that recordings may take; 0 means no limit.

    Counted are the uploads of jobs until the jobs are deleted, and unfinished uploads by their
    announced size. Requests that run at the same time may exceed a limit by their own size.
    """

    def __init__(self, database: Database, per_key: int = 0, total: int = 0) -> None:
        self._database = database
        self.per_key = per_key
        self._total = total

    def check_upload(self, owner: str, size: int) -> None:
        """Check that an upload may begin.

        Raises:
            OverQuota: the key has no room for it. StorageFull: the server has none.
        """
        self._check(owner, size, (jobs, uploads))

    def check_job(self, owner: str, size: int) -> None:
        """Check that a received recording may be stored. Its own unfinished upload, whose row is
        removed later, does not count. Raises as `check_upload` does."""
        self._check(owner, size, (jobs,))

    def used(self, owner: str) -> int:
        """Return the bytes that a key's recordings and unfinished uploads take."""
        return self._used((jobs, uploads), owner)

    def _check(self, owner: str, size: int, tables: tuple[sa.Table, ...]) -> None:
        if self.per_key and self._used(tables, owner) + size > self.per_key:
            raise OverQuota(self.per_key)
        if self._total and self._used(tables) + size > self._total:
            raise StorageFull(self._total)

    def _used(self, tables: tuple[sa.Table, ...], owner: str | None = None) -> int:
        used = 0
        with self._database.engine.connect() as c:
            for table in tables:
                query = sa.select(sa.func.coalesce(sa.func.sum(table.c.size), 0))
                if owner is not None:
                    query = query.where(table.c.owner == owner)
                used += int(c.execute(query).scalar_one())
        return used
