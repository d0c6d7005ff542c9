"""Full-text search over names, tags and texts, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from support import postgres
from unispeech.server.jobs.passages import passages_of
from unispeech.server.jobs.revisions import Revisions
from unispeech.server.storage import text_index
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.job_list import (
    ORDERS,
    JobPage,
    JobQuery,
    count_tags,
    describe,
    find_jobs,
)
from unispeech.server.storage.search_words import matches, terms_of, words_of
from unispeech.server.storage.tables import jobs, passages, revisions
from unispeech.server.storage.text_index import Passage, unindexed
from unispeech.types import Segment, Transcript

TEXTS = [
    "Der Haushalt der Stadt.",
    "Über die Bäume",
    "und das Straßenfest",
    "Noch ein Haushaltsplan",
]


def transcript(texts: list[str]) -> Transcript:
    segments = tuple(
        Segment(id=n, start=10.0 * n, end=10.0 * n + 9, text=f" {text}")
        for n, text in enumerate(texts)
    )
    return Transcript(
        text="", segments=segments, language="de", duration=99.0, backend="x", model="y"
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=postgres.NEEDED)], scope="module")
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("search")
    if request.param == "sqlite":
        database = Database(f"sqlite:///{folder / 'a.sqlite'}")
        yield database
        database.close()
        return
    with postgres.postgres(folder) as server:
        database = Database(server.url)
        yield database
        database.close()


@pytest.fixture(autouse=True)
def recordings(database: Database) -> Iterator[None]:
    add(database, "a", "Rathaus Müller.mp3", TEXTS)
    add(database, "b", "会議.mp3", ["今日は東京で会議があります。", "हिन्दी में नमस्ते"])
    add(database, "c", "Of another key.mp3", ["Der Haushalt"], owner="other")
    add(database, "part", "Rathaus Müller.mp3", TEXTS, parent="a")
    yield
    for id in ("a", "b", "c", "part"):
        database.remove(id)


def add(database: Database, id: str, name: str, texts: list[str], **values: str) -> None:
    job = Job(id, "key", "api", name, "faster", "tiny", {}, created=time.time())
    database.add(replace(job, **values))  # type: ignore[arg-type]
    database.change(id, state=State.RUNNING)
    assert Revisions(database).finish(id, transcript(texts))


def search(database: Database, text: str, **values: str) -> JobPage:
    return find_jobs(database, JobQuery("key", text=text, **values))  # type: ignore[arg-type]


def found(database: Database, text: str) -> str:
    return "".join(sorted(job.id for job in search(database, text).jobs))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("haush", "a"), ("strassenFEST", "a"), ("muller haushalt", "a"), ('"der stadt"', "a"),
        ('"der sta"', ""), ("baume stadt", "a"), ("stadt xylophon", ""), ("東京", "b"),
        ("京東", ""), ("नमस्ते", "b"), ("mp3", "ab"), ("", ""),
        ("'; \\ \" * -- AND (", ""), ("\0", ""), ("🙂", ""),

    ],
)  # fmt: skip
def test_words_are_found_whatever_their_case_accents_and_script(
    database: Database, query: str, ids: str
) -> None:
    assert found(database, query) == ids


def test_places_are_those_with_all_words_or_else_with_any(database: Database) -> None:
    assert [p.times[0][1] for p in search(database, "haushalt").places["a"]] == [0.0, 30.0]
    name, first, _ = search(database, "müller haushalt").places["a"]
    assert name.text == "Rathaus Müller.mp3" and not name.times
    assert first.times[:2] == ((0, 0.0), (24, 10.0))


def test_the_index_follows_edits_names_and_tags(database: Database) -> None:
    revisions = Revisions(database)
    revisions.save("a", transcript(["Etwas anderes", *TEXTS[1:]]), None)
    assert (found(database, "stadt"), found(database, "anderes")) == ("", "a")
    assert describe(database, "a", "Neu.mp3", ["Politik", "Ärger", "Politik"])
    assert [found(database, word) for word in ("müller", "neu", "arger")] == ["", "a", "a"]
    assert count_tags(database, "key") == {"Politik": 1, "Ärger": 1}
    tagged = find_jobs(database, JobQuery("key", tag="Politik"))
    assert [job.id for job in tagged.jobs] == ["a"] and tagged.total == 1
    assert not describe(database, "none", "x", [])
    for id in ("a", "b", "c", "part"):
        database.remove(id)
    with database.engine.connect() as c:
        for table in ("unispeech_words", "unispeech_passages", "unispeech_tags"):
            assert c.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == 0, table


def test_deleting_waits_for_a_text_that_is_being_saved(database: Database) -> None:
    with database.engine.begin() as c:
        c.execute(jobs.update().where(jobs.c.id == "a").values(id="a"))
        deletion = threading.Thread(target=database.remove, args=("a",))
        deletion.start()
        time.sleep(0.2)  # it waits for the row
        text_index.replace_texts(c, "a", [Passage("Neu", ((0, 1.0),))])
    deletion.join()
    with database.engine.connect() as c:
        assert not c.execute(sa.select(passages.c.id).where(passages.c.job == "a")).all()


def test_recordings_of_earlier_versions_are_indexed(database: Database) -> None:
    with database.engine.begin() as c:
        c.execute(sa.text("DELETE FROM unispeech_words"))
        c.execute(sa.text("DELETE FROM unispeech_passages"))
    assert found(database, "haushalt") == ""
    assert Revisions(database).index_missing(10) == 3
    assert found(database, "haushalt") == found(database, "rathaus") == "a"
    with database.engine.connect() as c:
        assert not unindexed(c, 10)


def test_an_unreadable_transcript_does_not_stop_the_index(database: Database) -> None:
    with database.engine.begin() as c:
        for id in ("a", "b"):
            text_index.remove(c, id)
        c.execute(revisions.update().where(revisions.c.job == "a").values(transcript=b"broken"))
    Revisions(database).index_missing(10)
    assert (found(database, "haushalt"), found(database, "mp3")) == ("", "ab")


@pytest.mark.parametrize("order", ORDERS)
def test_pages_hold_every_recording_once(database: Database, order: str) -> None:
    for id in ("a", "b"):
        database.change(id, created=1.0, filename="same")
    pages = [
        find_jobs(database, JobQuery("key", has_ranges=False, order=order, limit=1, offset=at))
        for at in range(3)
    ]
    assert sorted(job.id for page in pages for job in page.jobs) == ["a", "b"]
    assert {page.total for page in pages} == {2}


def test_lists_and_searches_filter_alike(database: Database) -> None:
    everything = database.list(None, None, 50)
    for state in (None, State.DONE, State.QUEUED):
        for parent in (None, "a", "\0"):  # PostgreSQL cannot compare the last one
            page = find_jobs(database, JobQuery("key", state=state, parent=parent))
            listed = database.list("key", state, 50, parent=parent)
            assert list(page.jobs) == list(listed)
            own = [job for job in everything if job.owner == "key"]
            alike = [job for job in own if state in (None, job.state)]
            assert list(listed) == [job for job in alike if parent in (None, job.parent)]


def test_an_edit_changes_one_passage() -> None:
    texts = [f"Satz {number}" for number in range(100)]
    old = passages_of(transcript(texts))
    texts[50] = "Ein sehr viel längerer Satz als vorher"
    new = passages_of(transcript(texts))
    assert len(old) == len(new) == 34 and len(set(old) - set(new)) == 1


def test_a_recording_without_speech_has_no_passages() -> None:
    assert passages_of(transcript([])) == [] == passages_of(transcript([" "]))


def test_matches_are_places_in_the_text_itself() -> None:
    text = "Straße, STRASSE und Cafés"
    assert [text[a:b] for a, b in matches(text, terms_of('strasse "cafes"'))] == [
        "Straße", "STRASSE", "Cafés",
    ]  # fmt: skip
    assert [word.folded for word in words_of("ﬁn 東京 n°5 ’s")] == [
        "fin",
        "東",
        "京",
        "n",
        "5",
        "s",
    ]


def test_deleted_words_leave_the_file(tmp_path: Path) -> None:
    from unispeech.server.storage.vacuum import vacuum

    path = tmp_path / "a.sqlite"
    database = Database(f"sqlite:///{path}")
    add(database, "a", "a.mp3", ["Geheimnisvoll"] + [f"Wort{n} " * 50 for n in range(400)])
    database.remove("a")
    assert vacuum(database.engine)
    database.close()
    assert b"geheimnisvoll" not in path.read_bytes().lower()
