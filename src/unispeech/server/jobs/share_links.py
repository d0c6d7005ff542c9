"""Links that open one job, to be read only, to whoever has them.

A ticket is for what a browser requests without headers. It is signed and not stored. A share is for
other people. It is kept, as a hash of its token, until it ends.
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
from itsdangerous import BadData, URLSafeSerializer

from unispeech.server.storage.connection import keepable
from unispeech.server.storage.database import Database
from unispeech.server.storage.tables import jobs
from unispeech.server.storage.tables import secrets as kept
from unispeech.server.storage.tables import shares as table

LASTS = 12 * 3600.0
"""Seconds that a ticket is good for."""
ID = 12
"""Characters of a share's id, with which its token begins."""
_TOKEN = re.compile(rf"[0-9a-f]{{{ID}}}[\w-]{{43}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Link:
    """What a token opens: a job, until a time (None: until somebody ends it)."""

    job: str
    expires: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """A link that somebody was given, without its token."""

    id: str
    name: str | None
    created: float
    expires: float | None


class Links:
    """The links to all jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ticket(self, job: str, lasts: float = LASTS) -> tuple[str, float]:
        """A token that opens a job for so many seconds, and when it ends."""
        expires = time.time() + lasts
        return str(self._signer().dumps([job, expires])), expires

    def open(self, token: str) -> Link | None:
        """What a token opens; None where it was never good, or is no longer."""
        return self._signed(token) if "." in token else self._shared(token)

    def share(self, job: str, name: str | None, lasts: float | None) -> tuple[Share, str]:
        """A new share, and its token: the only time that anybody sees it."""
        id, now = secrets.token_hex(ID // 2), time.time()
        token = id + secrets.token_urlsafe(32)
        share = Share(id, name, now, None if lasts is None else now + lasts)
        row = {f: getattr(share, f) for f in Share.__slots__}
        with self._database.engine.begin() as c:
            c.execute(table.insert().values(**row, job=job, hash=_hash(token)))
        return share, token

    def shares(self, job: str) -> Sequence[Share]:
        """Those of a job that still open it, the newest first."""
        columns = [table.c[name] for name in Share.__slots__]
        query = sa.select(*columns).where(table.c.job == job, _good())
        with self._database.engine.connect() as c:
            return [Share(*row) for row in c.execute(query.order_by(table.c.created.desc()))]

    def end(self, job: str, share: str) -> bool:
        """Whether there was such a share."""
        if not keepable(share):
            return False
        query = table.delete().where(table.c.job == job, table.c.id == share, _good())
        with self._database.engine.begin() as c:
            return c.execute(query).rowcount == 1

    def sweep(self) -> None:
        """Forget shares that have ended, and those made while their job was removed."""
        orphaned = table.c.job.not_in(sa.select(jobs.c.id))
        with self._database.engine.begin() as c:
            c.execute(table.delete().where(sa.or_(~_good(), orphaned)))

    def _shared(self, token: str) -> Link | None:
        if not _TOKEN.fullmatch(token):
            return None
        columns = (table.c.job, table.c.expires, table.c.hash)
        query = sa.select(*columns).where(table.c.id == token[:ID], _good())
        with self._database.engine.connect() as c:
            row = c.execute(query).first()
        if row is None or not hmac.compare_digest(row.hash, _hash(token)):
            return None
        return Link(row.job, row.expires)

    def _signed(self, token: str) -> Link | None:
        try:
            job, expires = self._signer().loads(token)
        except BadData:
            return None
        return Link(job, expires) if expires > time.time() else None

    def _signer(self) -> URLSafeSerializer:
        """Compares signatures in constant time."""
        return URLSafeSerializer(
            self._secret(),
            salt="unispeech.ticket",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def _secret(self) -> str:
        """The service's own, the same for all its processes; made when it is first needed."""
        query = sa.select(kept.c.value).where(kept.c.name == "tickets")
        with self._database.engine.connect() as c:
            found = c.execute(query).scalar()
        if found is not None:
            return str(found)
        try:
            with self._database.engine.begin() as c:
                c.execute(kept.insert().values(name="tickets", value=secrets.token_urlsafe(32)))
        except sa.exc.IntegrityError:
            pass  # another process was quicker
        return self._secret()


def _good() -> sa.ColumnElement[bool]:
    return sa.or_(table.c.expires.is_(None), table.c.expires > time.time())


def _hash(token: str) -> str:
    """Tokens have 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
