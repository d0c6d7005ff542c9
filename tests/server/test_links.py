"""Share links and tickets, on a real server that requires keys, with real weights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from support import postgres
from support.samples import SAMPLES, reference, words
from support.serving import Server, running, until_ended
from unispeech.server.jobs.share_links import Links
from unispeech.server.storage import tables
from unispeech.server.storage.database import Database, Job
from unispeech.server.storage.keys import Keys

pytestmark = pytest.mark.slow

READS = ("", "/transcript", "/media", "/audio", "/audio?form=wav", "/peaks")
KEY = "the operator's own key"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("links")
    with running(folder, require_keys="true", api_key=KEY, log_level="debug") as server:
        yield server


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[Database]:
    with opened(f"sqlite:///{server.folder / 'data' / 'unispeech.sqlite'}") as database:
        yield database


@pytest.fixture(scope="module")
def owner(server: Server) -> Iterator[httpx.Client]:
    with server.client(Authorization=f"Bearer {KEY}") as client:
        yield client


@pytest.fixture(scope="module")
def anybody(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def submitted(client: httpx.Client) -> str:
    with (SAMPLES / "english.wav").open("rb") as file:
        answer = client.post("/api/jobs", files={"file": ("english.wav", file)})
    id = str(answer.raise_for_status().json()["id"])
    assert until_ended(client, id)["state"] == "done"
    return id


@pytest.fixture(scope="module")
def job(owner: httpx.Client) -> str:
    return submitted(owner)


def statuses(client: httpx.Client, place: str) -> set[int]:
    return {client.get(f"{place}{part}").status_code for part in READS}


def test_a_ticket_reads_one_job_and_its_audio(
    owner: httpx.Client, anybody: httpx.Client, job: str
) -> None:
    assert statuses(anybody, f"/api/jobs/{job}") == {401}
    assert anybody.post(f"/api/jobs/{job}/ticket").status_code == 401
    ticket = owner.post(f"/api/jobs/{job}/ticket").json()
    place = ticket["path"]
    assert place == f"/api/shared/{ticket['token']}" and statuses(anybody, place) == {200}
    shown = anybody.get(place).json()
    assert shown["filename"] == "english.wav" and shown["expires"] == ticket["expires"]
    assert "options" not in shown and "id" not in shown
    text = anybody.get(f"{place}/transcript?format=txt").text
    assert words(text) == words(reference("english"))
    part = anybody.get(f"{place}/audio?form=wav", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    assert "private" in part.headers["cache-control"]
    track = anybody.get(f"{place}/transcript?format=vtt&inline=true")
    assert "content-disposition" not in track.headers and track.text.startswith("WEBVTT")


def test_a_ticket_is_read_only_and_opens_only_its_job(
    owner: httpx.Client, anybody: httpx.Client, job: str
) -> None:
    ticket = owner.post(f"/api/jobs/{job}/ticket").json()
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        for part in READS:
            answer = anybody.request(method, f"{ticket['path']}{part}", json={"segments": []})
            assert answer.status_code == 405, (method, part)
    for part in ("revisions", "events", "ranges", "shares", "ticket"):
        assert anybody.get(f"{ticket['path']}/{part}").status_code == 404
    assert anybody.get("/api/jobs", headers={"Authorization": ticket["token"]}).status_code == 401
    body, _, signature = ticket["token"].partition(".")
    for wrong in (body, f"{body}.", f"{body}x.{signature}", f"x{body}.{signature}", "x", "ü.ü"):
        answer = anybody.get(f"/api/shared/{wrong}")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "link_not_found"


def test_a_ticket_ends_with_its_lifetime_its_key_and_its_job(
    anybody: httpx.Client, server: Server, database: Database, job: str
) -> None:
    links = Links(database)
    key, secret = Keys(database).create("desk")
    with server.client(Authorization=f"Bearer {secret}") as desk:
        for what in ("ticket", "shares"):
            assert desk.post(f"/api/jobs/{job}/{what}", json={}).status_code == 404
        mine = submitted(desk)
        expired, _ = links.ticket(mine, lifetime=-1)
        assert links.open(expired) is None
        assert statuses(anybody, f"/api/shared/{expired}") == {404}
        place = desk.post(f"/api/jobs/{mine}/ticket").json()["path"]
        assert statuses(anybody, place) == {200}
        Keys(database).revoke(key.id)
        assert statuses(anybody, place) == {404}
        other, secret = Keys(database).create("other")
    with server.client(Authorization=f"Bearer {secret}") as desk:
        mine = submitted(desk)
        place = desk.post(f"/api/jobs/{mine}/ticket").json()["path"]
        assert desk.delete(f"/api/jobs/{mine}").status_code == 200
        assert statuses(anybody, place) == {404}


def shared(client: httpx.Client, job: str, **fields: Any) -> dict[str, Any]:
    answer = client.post(f"/api/jobs/{job}/shares", json=fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_share_reads_until_it_is_revoked(
    owner: httpx.Client, anybody: httpx.Client, server: Server, job: str
) -> None:
    before = time.time()
    made = shared(owner, job, name="for Ada", expires_in=604_800)
    assert made["url"] == f"{server.url}/#/shared/{made['token']}"
    assert before + 604_800 <= made["expires"] <= time.time() + 604_800
    place = f"/api/shared/{made['token']}"
    assert statuses(anybody, place) == {200}
    assert anybody.get(place).json()["expires"] == made["expires"]
    forever = shared(owner, job)
    assert (forever["name"], forever["expires"]) == (None, None)
    listed = owner.get(f"/api/jobs/{job}/shares").json()["shares"]
    assert listed == [
        {name: share[name] for name in ("id", "name", "created", "expires")}
        for share in (forever, made)
    ]
    assert owner.get(f"/api/jobs/{job}").json()["holds"]["shares"] == 2
    assert anybody.delete(f"/api/jobs/{job}/shares/{made['id']}").status_code == 401
    for expected in (204, 404):
        assert owner.delete(f"/api/jobs/{job}/shares/{made['id']}").status_code == expected
    assert statuses(anybody, place) == {404}
    assert statuses(anybody, f"/api/shared/{forever['token']}") == {200}
    for wrong in (
        made["id"],
        forever["id"],
        forever["token"][:-1],
        forever["token"] + "x",
        "%00" * 55,
    ):
        assert anybody.get(f"/api/shared/{wrong}").status_code == 404


def test_a_share_follows_edits_and_hides_the_options(
    owner: httpx.Client, anybody: httpx.Client, job: str
) -> None:
    place = f"/api/shared/{shared(owner, job)['token']}"
    response = owner.get(f"/api/jobs/{job}/transcript")
    segments = [
        {**segment, "text": " Corrected.", "words": []} for segment in response.json()["segments"]
    ]
    headers = {"If-Match": response.headers["etag"]}
    saved = owner.put(f"/api/jobs/{job}/transcript", json={"segments": segments}, headers=headers)
    read = anybody.get(f"{place}/transcript")
    assert read.headers["etag"] == saved.headers["etag"]
    assert {segment["text"] for segment in read.json()["segments"]} == {" Corrected."}
    assert set(anybody.get(place).json()) == {
        "filename", "state", "duration", "revision", "translation", "created", "expires",
    }  # fmt: skip
    old = f"/api/jobs/{job}/revisions/1/restore"
    assert owner.post(old, headers={"If-Match": "*"}).status_code == 204


def test_malformed_shares_are_rejected(owner: httpx.Client, job: str) -> None:
    for wrong in ({"expires_in": 0}, {"expires_in": -5}, {"expires_in": "soon"}, {"name": 5},
                  {"until": 5}):  # fmt: skip
        answer = owner.post(f"/api/jobs/{job}/shares", json=wrong)
        assert answer.status_code == 400, wrong
    assert owner.post("/api/jobs/none/shares", json={}).status_code == 404
    part = owner.post(f"/api/jobs/{job}/ranges", json={"start": 0, "end": 2, "apply": False})
    answer = owner.post(f"/api/jobs/{part.json()['id']}/shares", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "is_a_range")
    owner.delete(f"/api/jobs/{part.json()['id']}")


def stored_shares(database: Database) -> list[tuple[str, str]]:
    with database.engine.connect() as c:
        return [(row.id, row.hash) for row in c.execute(sa.select(tables.shares))]


def shares_end(database: Database) -> None:
    """Check that shares end by expiry, by revocation and with their job."""
    links = Links(database)
    database.add(Job("one", "", "api", "a.wav", "faster", "tiny.en", {}))
    database.add(Job("two", "", "api", "b.wav", "faster", "tiny.en", {}))
    good, token = links.share("one", "a", None)
    brief, expired = links.share("one", None, 0.05)
    _, other = links.share("two", None, 60.0)
    assert token not in str(stored_shares(database))
    time.sleep(0.1)
    assert [share.id for share in links.shares("one")] == [good.id]
    assert links.open(expired) is None and not links.end("one", brief.id)
    link = links.open(token)
    assert link is not None and (link.job, link.expires) == ("one", None)
    assert not links.end("two", good.id)
    database.remove("two")
    assert links.open(other) is None
    _, orphan = links.share("three", None, None)
    links.sweep()
    assert links.open(orphan) is None
    assert [id for id, _ in stored_shares(database)] == [good.id]
    assert links.end("one", good.id) and links.open(token) is None
    ticket, _ = links.ticket("one")
    reopened = Links(database).open(ticket)
    assert reopened is not None and reopened.job == "one"


def test_shares_end_on_sqlite(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'links.sqlite'}") as database:
        shares_end(database)


@pytest.mark.slow
@postgres.NEEDED
def test_shares_end_on_postgres(tmp_path: Path) -> None:
    with postgres.postgres(tmp_path) as server, opened(server.url) as database:
        shares_end(database)


def test_unchanged_peaks_are_not_sent_again(owner: httpx.Client, job: str) -> None:
    path = f"/api/jobs/{job}/peaks?per_second=20"
    first = owner.get(path)
    headers = {"If-None-Match": first.headers["etag"]}
    assert owner.get(path, headers=headers).status_code == 304
    assert owner.get(f"{path}&end=1", headers=headers).status_code == 200


def test_tokens_and_keys_are_not_logged(
    owner: httpx.Client, anybody: httpx.Client, server: Server, job: str
) -> None:
    tokens = [owner.post(f"/api/jobs/{job}/ticket").json()["token"], shared(owner, job)["token"]]
    for token in tokens:
        assert statuses(anybody, f"/api/shared/{token}") == {200}
        assert anybody.get(f"/api/shared/{token}x/peaks").status_code == 404
    log = Path(server.log).read_text()
    assert "/shared/{token}/peaks" in log
    assert all(token not in log for token in tokens) and KEY not in log
