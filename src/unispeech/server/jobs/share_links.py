"""Links that give read access to one job without an API key.

A ticket is for requests that a browser sends without headers; it is signed and not stored. A share
is for other people; it is stored, with a hash of its token, until it ends.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from itsdangerous import BadData

from unispeech.server.storage.connection import is_storable
from unispeech.server.storage.database import Database
from unispeech.server.storage.signing import signer
from unispeech.server.storage.tables import jobs
from unispeech.server.storage.tables import shares as table

TICKET_LIFETIME = 12 * 3600.0
"""Seconds until a ticket expires."""
SALT = "unispeech.ticket"
"""Purpose of the signature of tickets."""
ID_LENGTH = 12
"""Characters of a share's ID, which is also the beginning of its token."""
_TOKEN = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}[\w-]{{43}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """Access to a job until the Unix time `expires`; None: until the share is revoked."""

    job: str
    expires: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """Share of a job, without its token."""

    id: str
    name: str | None
    created: float
    expires: float | None


class Links:
    """Links to all jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ticket(self, job: str, lifetime: float = TICKET_LIFETIME) -> tuple[str, float]:
        """Return a token that opens a job for `lifetime` seconds, and its expiry as Unix time."""
        expires = time.time() + lifetime
        return str(signer(self._database, SALT).dumps([job, expires])), expires

    def open(self, token: str) -> Link | None:
        """Return the link of a ticket or share token; None if it is invalid or has expired."""
        return self._signed(token) if "." in token else self._shared(token)

    def share(self, job: str, name: str | None, lifetime: float | None) -> tuple[Share, str]:
        """Create a share and return it with its token, which is not stored."""
        id, now = secrets.token_hex(ID_LENGTH // 2), time.time()
        token = id + secrets.token_urlsafe(32)
        share = Share(id, name, now, None if lifetime is None else now + lifetime)
        row = {f: getattr(share, f) for f in Share.__slots__}
        with self._database.engine.begin() as c:
            c.execute(table.insert().values(**row, job=job, hash=_hash(token)))
        return share, token

    def shares(self, job: str) -> Sequence[Share]:
        """Return the valid shares of a job, newest first."""
        columns = [table.c[name] for name in Share.__slots__]
        query = sa.select(*columns).where(table.c.job == job, _is_valid())
        with self._database.engine.connect() as c:
            return [Share(*row) for row in c.execute(query.order_by(table.c.created.desc()))]

    def end(self, job: str, share: str) -> bool:
        """Revoke a share; return False if the job has no valid share with this ID."""
        if not is_storable(share):
            return False
        query = table.delete().where(table.c.job == job, table.c.id == share, _is_valid())
        with self._database.engine.begin() as c:
            return c.execute(query).rowcount == 1

    def sweep(self) -> None:
        """Remove expired shares, and those created while their job was being deleted."""
        orphaned = table.c.job.not_in(sa.select(jobs.c.id))
        with self._database.engine.begin() as c:
            c.execute(table.delete().where(sa.or_(~_is_valid(), orphaned)))

    def _shared(self, token: str) -> Link | None:
        if not _TOKEN.fullmatch(token):
            return None
        columns = (table.c.job, table.c.expires, table.c.hash)
        query = sa.select(*columns).where(table.c.id == token[:ID_LENGTH], _is_valid())
        with self._database.engine.connect() as c:
            row = c.execute(query).first()
        if row is None or not hmac.compare_digest(row.hash, _hash(token)):
            return None
        return Link(row.job, row.expires)

    def _signed(self, token: str) -> Link | None:
        try:
            job, expires = signer(self._database, SALT).loads(token)
        except BadData:
            return None
        return Link(job, expires) if expires > time.time() else None


def _is_valid() -> sa.ColumnElement[bool]:
    return sa.or_(table.c.expires.is_(None), table.c.expires > time.time())


def _hash(token: str) -> str:
    """Return the hash of a token. With 256 random bits, a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
