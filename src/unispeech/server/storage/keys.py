"""API keys: shown once, kept as a hash; and how often each may call."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from unispeech.errors import OptionError
from unispeech.server.storage.database import Database
from unispeech.server.storage.tables import keys as table


@dataclass(frozen=True, slots=True)
class Key:
    """One client. Limits that are None are the server's."""

    id: str
    name: str
    rate_limit: str | None = None
    max_upload: int | None = None
    max_duration: float | None = None


ANYBODY = Key("", "no key")
OPERATOR = Key("operator", "UNISPEECH_API_KEY")


class Keys:
    """The keys in the database, and the one that the settings may hold."""

    def __init__(self, database: Database, own: str = "") -> None:
        self._database = database
        self._own = _hash(own) if own else ""

    def create(
        self,
        name: str,
        rate_limit: str | None = None,
        max_upload: int | None = None,
        max_duration: float | None = None,
    ) -> tuple[Key, str]:
        """A new key, and its secret: the only time that anybody sees it.

        Raises:
            OptionError: a name that is not readable text, or not such a rate.
        """
        if not name.strip() or not name.isprintable():
            raise OptionError(f"a key's name is {name!r}", "use words")
        if rate_limit:
            rate(rate_limit)
        secret = "us-" + secrets.token_urlsafe(32)
        key = Key(secrets.token_hex(6), name, rate_limit, max_upload, max_duration)
        row = {f: getattr(key, f) for f in Key.__slots__}
        with self._database.engine.begin() as c:
            c.execute(table.insert().values(**row, hash=_hash(secret), created=time.time()))
        return key, secret

    def find(self, secret: str) -> Key | None:
        """The key with this secret. The secret has 256 random bits, so a plain hash is enough."""
        digest = _hash(secret)
        if self._own and hmac.compare_digest(digest, self._own):
            return OPERATOR
        columns = [table.c[name] for name in Key.__slots__]
        with self._database.engine.connect() as c:
            row = c.execute(sa.select(*columns).where(table.c.hash == digest)).first()
        return Key(*row) if row else None

    def knows(self, id: str) -> bool:
        """Whether a key of this id is still valid, or needs not be."""
        if id in (ANYBODY.id, OPERATOR.id):
            return id == ANYBODY.id or bool(self._own)
        with self._database.engine.connect() as c:
            return c.execute(sa.select(table.c.id).where(table.c.id == id)).first() is not None

    def list(self) -> Sequence[Key]:
        columns = [table.c[name] for name in Key.__slots__]
        with self._database.engine.connect() as c:
            return [Key(*row) for row in c.execute(sa.select(*columns).order_by(table.c.created))]

    def revoke(self, id: str) -> bool:
        with self._database.engine.begin() as c:
            return c.execute(table.delete().where(table.c.id == id)).rowcount == 1


class Rates:
    """Counts the calls of each key or address, in this process."""

    def __init__(self, usual: str) -> None:
        self._usual = rate(usual)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait(self, who: str, own: str | None = None) -> float:
        """Seconds until `who` may call again; 0 counts the call and lets it pass."""
        item = rate(own) if own else self._usual
        if self._limiter.hit(item, who):
            return 0.0
        return max(1.0, self._limiter.get_window_stats(item, who).reset_time - time.time())


def rate(text: str) -> RateLimitItem:
    """Raises:
    OptionError: not such as `600/minute`.
    """
    try:
        return parse(text)
    except ValueError:
        raise OptionError(f"rate_limit is {text!r}", "use such as 600/minute") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
