"""Signatures of tokens that are not stored, with a secret that all processes share."""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa
from itsdangerous import URLSafeSerializer

from unispeech.server.storage.database import Database
from unispeech.server.storage.tables import secrets as table

NAME = "tickets"
"""Name of the secret in the database."""


def signer(database: Database, salt: str) -> URLSafeSerializer:
    """Return the signer of one kind of token, which compares signatures in constant time.

    `salt` names the kind: a token of one kind is not valid as another.
    """
    return URLSafeSerializer(
        _secret(database),
        salt=salt,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def _secret(database: Database) -> str:
    """Return the secret; the first call creates it."""
    query = sa.select(table.c.value).where(table.c.name == NAME)
    with database.engine.connect() as c:
        secret = c.execute(query).scalar()
    if secret is not None:
        return str(secret)
    try:
        with database.engine.begin() as c:
            c.execute(table.insert().values(name=NAME, value=secrets.token_urlsafe(32)))
    except sa.exc.IntegrityError:
        pass  # another process created it first
    return _secret(database)
