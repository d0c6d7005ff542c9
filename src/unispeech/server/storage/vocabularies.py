"""Vocabulary lists: names and terms that recordings are likely to contain, kept for each API key
(decision 0110)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unispeech.server.storage.connection import is_storable
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import ANYBODY, OPERATOR
from unispeech.server.storage.tables import keys
from unispeech.server.storage.tables import vocabularies as table


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """List of words. `changed` is the Unix time of its last change."""

    name: str
    words: tuple[str, ...]
    changed: float

    @property
    def digest(self) -> str:
        """Digest of name and words, by which a client shows which version it has edited."""
        return hashlib.sha256("\n".join((self.name, *self.words)).encode()).hexdigest()[:16]


def vocabularies_of(database: Database, owner: str) -> Sequence[Vocabulary]:
    """Return the lists of an owner, by name."""
    query = sa.select(table.c.name, table.c.words, table.c.changed).where(table.c.owner == owner)
    with database.engine.connect() as c:
        found = [
            Vocabulary(name, _words(words), changed) for name, words, changed in c.execute(query)
        ]
    return sorted(found, key=lambda vocabulary: (vocabulary.name.casefold(), vocabulary.name))


def find(database: Database, owner: str, name: str) -> Vocabulary | None:
    if not is_storable(name):
        return None
    query = sa.select(table.c.name, table.c.words, table.c.changed).where(*_key(owner, name))
    with database.engine.connect() as c:
        row = c.execute(query).first()
    return Vocabulary(row.name, _words(row.words), row.changed) if row else None


def create(database: Database, owner: str, name: str, words: Sequence[str]) -> Vocabulary | None:
    """Store a new list and return it; None if the owner has a list of this name."""
    new = Vocabulary(name, tuple(words), time.time())
    row = {"owner": owner, "name": name, "words": "\n".join(words), "changed": new.changed}
    try:
        with database.engine.begin() as c:
            c.execute(table.insert().values(**row))
    except sa.exc.IntegrityError:
        return None
    return new


def replace(
    database: Database, owner: str, old: Vocabulary, name: str, words: Sequence[str]
) -> Vocabulary | None:
    """Change the name and the words of a list and return it; None if it is no longer `old`, or if
    the owner has another list of the new name."""
    new = Vocabulary(name, tuple(words), time.time())
    change = table.update().where(*_key(owner, old.name), table.c.words == "\n".join(old.words))
    values = {"name": name, "words": "\n".join(words), "changed": new.changed}
    try:
        with database.engine.begin() as c:
            is_changed = c.execute(change.values(**values)).rowcount == 1
    except sa.exc.IntegrityError:
        return None
    return new if is_changed else None


def remove(database: Database, owner: str, old: Vocabulary) -> bool:
    """Delete a list; return False if it is no longer `old`."""
    query = table.delete().where(*_key(owner, old.name), table.c.words == "\n".join(old.words))
    with database.engine.begin() as c:
        return c.execute(query).rowcount == 1


def remove_orphans(database: Database) -> None:
    """Delete the lists of revoked keys, which nobody can reach any more."""
    kept = table.c.owner.in_([ANYBODY.id, OPERATOR.id])
    is_orphan = ~sa.or_(kept, table.c.owner.in_(sa.select(keys.c.id)))
    with database.engine.begin() as c:
        c.execute(table.delete().where(is_orphan))


def _key(owner: str, name: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return table.c.owner == owner, table.c.name == name


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()
