"""API keys, stored as hashes, and their rate limits."""

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

CLOCK_STEP = 1.0
"""Seconds by which the clock has to go back to count as set back."""


@dataclass(frozen=True, slots=True)
class Key:
    """API key of one client. A limit of None means the server's limit."""

    id: str
    name: str
    rate_limit: str | None = None
    max_upload: int | None = None
    max_duration: float | None = None
    is_admin: bool = False
    """May load, fetch and delete the models that `fetch_models` lists."""


ANYBODY = Key("", "no key")
OPERATOR = Key("operator", "UNISPEECH_API_KEY")


class Keys:
    """Keys in the database, and the operator's key from the settings."""

    def __init__(self, database: Database, own: str = "") -> None:
        self._database = database
        self._own = _hash(own) if own else ""
        self._has_existed = False
        self._accepted: set[str] = set()

    def exist(self) -> bool:
        """Return whether any key exists, or existed while this process ran.

        Revoking the last key must not open a running server to everybody.
        """
        if not (self._has_existed or self._own):
            with self._database.engine.connect() as c:
                self._has_existed = c.execute(sa.select(table.c.id).limit(1)).first() is not None
        return self._has_existed or bool(self._own)

    def create(
        self,
        name: str,
        rate_limit: str | None = None,
        max_upload: int | None = None,
        max_duration: float | None = None,
        is_admin: bool = False,
    ) -> tuple[Key, str]:
        """Create a key and return it with its secret, which is not stored.

        Raises:
            OptionError: the name is empty or not printable, or the rate is malformed.
        """
        if not name.strip() or not name.isprintable():
            raise OptionError(f"the key's name is {name!r}", "use printable text")
        if rate_limit:
            rate(rate_limit)
        secret = "us-" + secrets.token_urlsafe(32)
        key = Key(secrets.token_hex(6), name, rate_limit, max_upload, max_duration, is_admin)
        row = {f: getattr(key, f) for f in Key.__slots__}
        with self._database.engine.begin() as c:
            c.execute(table.insert().values(**row, hash=_hash(secret), created=time.time()))
        return key, secret

    def find(self, secret: str) -> Key | None:
        """Return the key with this secret. With 256 random bits, a plain hash is enough."""
        digest = _hash(secret)
        if self._own and hmac.compare_digest(digest, self._own):
            self._accepted.add(digest)
            return OPERATOR
        columns = [table.c[name] for name in Key.__slots__]
        with self._database.engine.connect() as c:
            row = c.execute(sa.select(*columns).where(table.c.hash == digest)).first()
        if row:
            self._accepted.add(digest)
        return Key(*row) if row else None

    def was_accepted(self, secret: str) -> bool:
        """Return whether this process has seen the secret when it was valid."""
        return _hash(secret) in self._accepted

    def get(self, id: str) -> Key | None:
        """Return the key with this ID, if it is valid; jobs made without a key have the ID ""."""
        if id in (ANYBODY.id, OPERATOR.id):
            return ANYBODY if id == ANYBODY.id else OPERATOR if self._own else None
        columns = [table.c[name] for name in Key.__slots__]
        with self._database.engine.connect() as c:
            row = c.execute(sa.select(*columns).where(table.c.id == id)).first()
        return Key(*row) if row else None

    def is_valid(self, id: str) -> bool:
        """Return whether the key with this ID is valid."""
        return self.get(id) is not None

    def list(self) -> Sequence[Key]:
        columns = [table.c[name] for name in Key.__slots__]
        with self._database.engine.connect() as c:
            return [Key(*row) for row in c.execute(sa.select(*columns).order_by(table.c.created))]

    def revoke(self, id: str) -> bool:
        with self._database.engine.begin() as c:
            return c.execute(table.delete().where(table.c.id == id)).rowcount == 1


class Rates:
    """Rate limiter by key or client address, in this process."""

    def __init__(self, default: str) -> None:
        self._default = rate(default)
        self._storage = MemoryStorage()
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._last_call = 0.0

    def is_exceeded(self, caller: str) -> bool:
        """Return whether the caller has used up the default rate, without counting a call."""
        self._forget_the_future()
        return not self._limiter.test(self._default, caller)

    def wait(self, caller: str, limit: str | None = None) -> float:
        """Count a call, and return 0 if it is allowed, else the seconds until the next one is."""
        self._forget_the_future()
        item = rate(limit) if limit else self._default
        if self._limiter.hit(item, caller):
            return 0.0
        return max(1.0, self._limiter.get_window_stats(item, caller).reset_time - time.time())

    def _forget_the_future(self) -> None:
        """Start over when the clock has been set back: calls of the future would count until it
        gets there."""
        now = time.time()
        if now < self._last_call - CLOCK_STEP:
            self._storage.reset()
        self._last_call = now


def rate(text: str) -> RateLimitItem:
    """Parse a rate such as `600/minute`.

    Raises:
        OptionError: the text is not a rate.
    """
    try:
        return parse(text)
    except ValueError:
        raise OptionError(f"rate_limit is {text!r}", "write it as 600/minute") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
