"""The list of a caller's recordings: search, tags, order, pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from unispeech.server.storage import text_index
from unispeech.server.storage.connection import is_storable
from unispeech.server.storage.database import JOBS, Database, Job, State, conditions, job_of
from unispeech.server.storage.search_words import Term, terms_of
from unispeech.server.storage.tables import jobs, tags
from unispeech.server.storage.text_index import Passage

ORDERS = {
    "newest": (jobs.c.created.desc(), jobs.c.id),
    "oldest": (jobs.c.created, jobs.c.id),
    "name": (sa.func.lower(jobs.c.filename), jobs.c.created.desc(), jobs.c.id),
    "longest": (sa.func.coalesce(jobs.c.duration, 0.0).desc(), jobs.c.created.desc(), jobs.c.id),
}
"""Columns of each order. The last one is unique, so that pages do not overlap."""


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Filters, order and page of a list."""

    owner: str
    state: State | None = None
    before: float | None = None
    parent: str | None = None
    has_ranges: bool = True
    """Include jobs that decode a range of another one."""
    text: str | None = None
    """Words that occur in the name, the tags or the text; None: any. Finds no ranges."""
    tag: str | None = None
    order: str = "newest"
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs of one page, and the number of jobs on all pages."""

    jobs: Sequence[Job]
    total: int
    places: dict[str, list[Passage]]
    """Passages in which the search found the words, by job."""
    terms: Sequence[Term]


def find_jobs(database: Database, query: JobQuery) -> JobPage:
    terms = terms_of(query.text or "")
    texts = (query.text, query.tag)
    if (query.text is not None and not terms) or not all(map(is_storable, filter(None, texts))):
        return JobPage([], 0, {}, terms)
    with database.engine.connect() as c:
        wanted = [*_conditions(query), *(_has_term(c, term) for term in terms)]
        count = sa.select(sa.func.count()).select_from(jobs).where(*wanted)
        total = int(c.execute(count).scalar_one())
        page = JOBS.where(*wanted).order_by(*ORDERS[query.order])
        rows = c.execute(page.limit(query.limit).offset(query.offset)).mappings()
        found = [job_of(row) for row in rows]
        places = text_index.places(c, [job.id for job in found], terms) if terms else {}
        return JobPage(found, total, places, terms)


def _conditions(query: JobQuery) -> list[sa.ColumnElement[bool]]:
    found = conditions(query.owner, query.state, query.before, query.parent)
    if not query.has_ranges:
        found.append(jobs.c.parent.is_(None))
    if query.tag is not None:
        found.append(sa.exists().where(tags.c.job == jobs.c.id, tags.c.tag == query.tag))
    return found


def _has_term(c: sa.Connection, term: Term) -> sa.ColumnElement[bool]:
    return jobs.c.id.in_(text_index.matching_jobs(c, term))


def tags_of(database: Database, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the tags of each of these jobs that has any."""
    found: dict[str, list[str]] = {}
    query = sa.select(tags.c.job, tags.c.tag).where(tags.c.job.in_(list(ids)))
    with database.engine.connect() as c:
        for job, tag in c.execute(query.order_by(tags.c.tag)):
            found.setdefault(job, []).append(tag)
    return found


def count_tags(database: Database, owner: str) -> dict[str, int]:
    """Return the tags of an owner's recordings with the number of recordings, by name."""
    query = (
        sa.select(tags.c.tag, sa.func.count())
        .join(jobs, jobs.c.id == tags.c.job)
        .where(jobs.c.owner == owner)
        .group_by(tags.c.tag)
        .order_by(tags.c.tag)
    )
    with database.engine.connect() as c:
        return {tag: int(count) for tag, count in c.execute(query)}


def describe(
    database: Database, job: str, filename: str | None, labels: Iterable[str] | None
) -> bool:
    """Rename a recording, replace its tags, or both, and return whether it exists."""
    with database.engine.begin() as c:
        change = jobs.update().where(jobs.c.id == job)
        if not c.execute(
            change.values(filename=filename) if filename else change.values(id=job)
        ).rowcount:
            return False
        if labels is not None:
            c.execute(tags.delete().where(tags.c.job == job))
            rows = [{"job": job, "tag": tag} for tag in dict.fromkeys(labels)]
            if rows:
                c.execute(tags.insert(), rows)
        text_index.replace_name(c, job)
        return True
