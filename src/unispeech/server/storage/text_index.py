"""Full-text index over the names and texts of recordings: FTS5 in SQLite, tsvector in PostgreSQL.

A recording has a passage for its name and tags, and one for each half minute of its text. The words
of a passage are in `unispeech_words`, which only this module reads: in SQLite a virtual table, in
PostgreSQL a column with a GIN index (migration 0005).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unispeech.server.storage.search_words import Term, words_of
from unispeech.server.storage.tables import jobs, passages, tags

PLACES = 3
"""Places returned for each recording."""
BATCH = 256
"""Rows deleted by one statement."""
NAME = -1.0
"""Start of the passage that holds the name."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Part of a text that is indexed as a whole."""

    text: str
    times: tuple[tuple[int, float], ...] = ()
    """Offset in the text and time in seconds of each segment; empty: the name of the recording."""


def replace_texts(c: sa.Connection, job: str, texts: Iterable[Passage]) -> None:
    """Index the passages of a job's text; those that are indexed already stay."""
    query = sa.select(passages.c.id, passages.c.text, passages.c.times).where(
        passages.c.job == job, passages.c.start != NAME
    )
    old = {_passage(text, times): id for id, text, times in c.execute(query)}
    new = dict.fromkeys(texts)
    _delete(c, [id for passage, id in old.items() if passage not in new])
    for passage in new:
        if passage not in old:
            _insert(c, job, passage)


def replace_name(c: sa.Connection, job: str) -> None:
    """Index the name and the tags of a job."""
    is_name = (passages.c.job == job, passages.c.start == NAME)
    _delete(c, c.execute(sa.select(passages.c.id).where(*is_name)).scalars().all())
    name = c.execute(sa.select(jobs.c.filename).where(jobs.c.id == job)).scalar_one()
    labels = c.execute(sa.select(tags.c.tag).where(tags.c.job == job)).scalars()
    _insert(c, job, Passage(str(name)), also=" ".join(labels))


def remove(c: sa.Connection, job: str) -> None:
    """Remove all passages of a job."""
    ids = c.execute(sa.select(passages.c.id).where(passages.c.job == job)).scalars().all()
    _delete(c, ids)


def unindexed(c: sa.Connection, limit: int) -> Sequence[str]:
    """Return IDs of recordings without passages: earlier versions had no index."""
    query = sa.select(jobs.c.id).where(
        jobs.c.parent.is_(None), ~sa.exists().where(passages.c.job == jobs.c.id)
    )
    return [str(id) for id in c.execute(query.limit(limit)).scalars()]


def matching_jobs(c: sa.Connection, term: Term) -> sa.Select[tuple[str]]:
    """Return a query for the IDs of jobs, of any owner, in which a term occurs."""
    return sa.select(passages.c.job).where(passages.c.id.in_(_matching(c, [term], "and")))


def places(c: sa.Connection, ids: Sequence[str], terms: Sequence[Term]) -> dict[str, list[Passage]]:
    """Return the first passages in which all terms occur, or else any, for each of these jobs."""
    found = _first_places(c, ids, terms, "and")
    rest = [id for id in ids if id not in found]
    return found | _first_places(c, rest, terms, "or") if len(terms) > 1 else found


def _first_places(
    c: sa.Connection, ids: Sequence[str], terms: Sequence[Term], operator: str
) -> dict[str, list[Passage]]:
    number = sa.func.row_number().over(partition_by=passages.c.job, order_by=passages.c.start)
    numbered = (
        sa.select(passages.c.job, passages.c.text, passages.c.times, number.label("number"))
        .where(passages.c.job.in_(ids), passages.c.id.in_(_matching(c, terms, operator)))
        .subquery()
    )
    query = sa.select(numbered).where(numbered.c.number <= PLACES)
    found: dict[str, list[Passage]] = {}
    for job, text, times, _ in c.execute(query.order_by(numbered.c.job, numbered.c.number)):
        found.setdefault(job, []).append(_passage(text, times))
    return found


def _passage(text: str, times: str) -> Passage:
    return Passage(text, tuple((at, time) for at, time in json.loads(times)))


def _insert(c: sa.Connection, job: str, passage: Passage, also: str = "") -> None:
    """Index a passage, with further words that are not shown."""
    start = passage.times[0][1] if passage.times else NAME
    row = passages.insert().values(
        job=job, start=start, text=passage.text, times=json.dumps(passage.times)
    )
    id = c.execute(row).inserted_primary_key[0]  # type: ignore[index]
    found = [word.folded for word in words_of(f"{passage.text} {also}")]
    if c.dialect.name == "sqlite":
        insert = "INSERT INTO unispeech_words (rowid, words) VALUES (:id, :words)"
        indexed = " ".join(found)
    else:
        insert = "INSERT INTO unispeech_words (id, words) VALUES (:id, CAST(:words AS tsvector))"
        indexed = " ".join(f"'{word}':{at}" for at, word in enumerate(found, 1))
    c.execute(sa.text(insert), {"id": id, "words": indexed})


def _delete(c: sa.Connection, ids: Sequence[int]) -> None:
    words = sa.table("unispeech_words", sa.column(_key(c)))
    for table, key in ((words, words.c[_key(c)]), (passages, passages.c.id)):
        for at in range(0, len(ids), BATCH):
            c.execute(table.delete().where(key.in_(ids[at : at + BATCH])))


def _key(c: sa.Connection) -> str:
    return "rowid" if c.dialect.name == "sqlite" else "id"


def _matching(c: sa.Connection, terms: Sequence[Term], operator: str) -> sa.Select[tuple[int]]:
    """Return a query for the IDs of passages in which the terms occur."""
    words = sa.table("unispeech_words", sa.column(_key(c)), sa.column("words"))
    key = words.c[_key(c)]
    if c.dialect.name == "sqlite":
        query = f" {operator.upper()} ".join(_fts5(term) for term in terms)
        return sa.select(key).where(words.c.words.op("MATCH")(query))
    query = {"and": " & ", "or": " | "}[operator].join(f"({_tsquery(term)})" for term in terms)
    condition = words.c.words.op("@@")(sa.cast(sa.literal(query), _TsQuery()))
    return sa.select(key).where(condition)


def _fts5(term: Term) -> str:
    return f'("{" ".join(term.words)}"{"*" if term.is_prefix else ""})'


def _tsquery(term: Term) -> str:
    *first, last = term.words
    return " <-> ".join([*(f"'{word}'" for word in first), f"'{last}'{':*' * term.is_prefix}"])


class _TsQuery(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "tsquery"
