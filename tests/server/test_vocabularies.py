"""Vocabulary lists: the table on both databases, the routes, and the words that jobs take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from support import postgres
from support.samples import SAMPLES
from support.serving import submit, until_ended
from unispeech.server.api.vocabularies import MAX_LISTS
from unispeech.server.app import create_app
from unispeech.server.settings import Settings
from unispeech.server.storage import vocabularies
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import Keys

LISTS = "/api/vocabularies"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=postgres.NEEDED)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
        yield database
        database.close()
        return
    with postgres.postgres(tmp_path) as server:
        database = Database(server.url)
        yield database
        database.close()


def test_a_list_is_changed_only_by_those_who_know_its_current_words(database: Database) -> None:
    council = vocabularies.create(database, "key", "Council", ["Zyzzyva", "Über Bäume"])
    assert council and not vocabularies.create(database, "key", "Council", [])
    assert vocabularies.create(database, "other", "Council", [])
    assert vocabularies.create(database, "key", "arts", [])
    assert [one.name for one in vocabularies.vocabularies_of(database, "key")] == [
        "arts",
        "Council",
    ]
    assert vocabularies.find(database, "key", "Council") == council
    assert vocabularies.find(database, "key", "council\0") is None
    longer = vocabularies.replace(database, "key", council, "Council", [*council.words, "Müller"])
    assert longer and longer.digest != council.digest
    assert not vocabularies.replace(database, "key", council, "Council", ["mine"])
    assert not vocabularies.replace(database, "key", longer, "arts", ["taken"])
    renamed = vocabularies.replace(database, "key", longer, "City council", longer.words)
    assert renamed and vocabularies.find(database, "key", "Council") is None
    assert not vocabularies.remove(database, "key", longer)
    assert not vocabularies.remove(database, "key", replace(renamed, words=()))
    assert vocabularies.remove(database, "key", renamed)
    assert vocabularies.vocabularies_of(database, "other")


def test_lists_of_revoked_keys_are_deleted(database: Database) -> None:
    keys = Keys(database)
    kept, revoked = keys.create("kept")[0].id, keys.create("revoked")[0].id
    owners = (kept, revoked, "", "operator")
    for owner in owners:
        assert vocabularies.create(database, owner, "Names", ["Ada"])
    keys.revoke(revoked)
    vocabularies.remove_orphans(database)
    assert [bool(vocabularies.vocabularies_of(database, owner)) for owner in owners] == [
        True, False, True, True,
    ]  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(Settings.model_validate({"data_dir": tmp_path, "rate_limit": "9999/minute"}))
    yield TestClient(app, base_url="http://localhost")
    app.state.service.speech.close()


def test_a_list_is_created_read_renamed_and_deleted(client: TestClient) -> None:
    words = [" Zyzzyva ", "", "two\twords", "Zyzzyva", "u\u0308ber", "می\u200cخواهم"]
    made = client.put(f"{LISTS}/City council", json={"words": words})
    assert made.status_code == 201
    assert made.json()["words"] == ["Zyzzyva", "two words", "über", "می\u200cخواهم"]
    read = client.get(f"{LISTS}/City council")
    assert read.json() == made.json() and read.headers["etag"] == made.headers["etag"]
    listed = client.get(LISTS).json()["vocabularies"]
    assert [(one["name"], one["size"]) for one in listed] == [("City council", 4)]
    renamed = client.put(f"{LISTS}/City council", json={"words": ["A"], "name": "Council"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Council")
    assert client.get(f"{LISTS}/City council").json()["error"]["code"] == "vocabulary_not_found"
    unknown = client.put(f"{LISTS}/City council", json={"words": [], "name": "Council"})
    assert unknown.status_code == 404
    assert client.delete(f"{LISTS}/Council").status_code == 204
    assert client.delete(f"{LISTS}/Council").status_code == 404


def test_a_list_that_a_colleague_has_changed_is_not_overwritten(client: TestClient) -> None:
    only_new = {"If-None-Match": "*"}
    first = client.put(f"{LISTS}/a", json={"words": ["A"]}, headers=only_new)
    again = client.put(f"{LISTS}/a", json={"words": ["B"]}, headers=only_new)
    assert (again.status_code, again.json()["error"]["code"]) == (412, "vocabulary_exists")
    mine = {"If-Match": first.headers["etag"]}
    assert client.put(f"{LISTS}/a", json={"words": ["A", "B"]}, headers=mine).status_code == 200
    for stale in (
        client.put(f"{LISTS}/a", json={"words": ["mine"]}, headers=mine),
        client.delete(f"{LISTS}/a", headers=mine),
        client.put(f"{LISTS}/gone", json={"words": ["mine"]}, headers=mine),
    ):
        assert (stale.status_code, stale.json()["error"]["code"]) == (412, "vocabulary_changed")
    assert client.get(f"{LISTS}/a").json()["words"] == ["A", "B"]
    client.put(f"{LISTS}/b", json={"words": []}).raise_for_status()
    taken = client.put(f"{LISTS}/b", json={"words": [], "name": "a"})
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "vocabulary_exists")


def test_vocabulary_lists_are_limited_in_number_and_size(client: TestClient) -> None:
    for name, body in (
        ("a%2Cb", {"words": []}), ("%20", {"words": []}), ("...", {"words": []}),
        ("n" * 61, {"words": []}), ("a", {"words": [], "name": "a/b"}),
        ("a", {"words": ["w" * 101]}), ("a", {"words": ["a"] * 1001}), ("a", {"words": ["a, b"]}),
        ("a", {"words": ["a\u0007"]}), ("a", {"words": "a"}), ("a", {}),
        ("a", {"words": [], "x": 1}),
        ("a", {"words": [f"{n:099}" for n in range(40)]}),  # over 4000 characters together
    ):  # fmt: skip
        answer = client.put(f"{LISTS}/{name}", json=body)
        assert answer.status_code == 400 and answer.json()["error"]["code"], (name, body)
    for number in range(MAX_LISTS):
        client.put(f"{LISTS}/{number}", json={"words": ["x"]}).raise_for_status()
    full = client.put(f"{LISTS}/one more", json={"words": []})
    assert (full.status_code, full.json()["error"]["code"]) == (409, "too_many_vocabularies")
    assert client.put(f"{LISTS}/0", json={"words": ["y"]}).status_code == 200


def test_vocabulary_lists_belong_to_their_key(tmp_path: Path) -> None:
    settings = {"data_dir": tmp_path, "require_keys": True, "api_key": "operator's"}
    app = create_app(Settings.model_validate(settings))
    secrets = [app.state.service.keys.create(name)[1] for name in ("city", "sports")]
    city, colleague, sports, operator = (
        TestClient(app, headers={"X-API-Key": secret})
        for secret in (secrets[0], *secrets, "operator's")
    )
    city.put(f"{LISTS}/Names", json={"words": ["Zyzzyva"]}).raise_for_status()
    assert colleague.get(f"{LISTS}/Names").json()["words"] == ["Zyzzyva"]
    for other in (sports, operator):
        assert other.get(LISTS).json() == {"vocabularies": []}
        assert other.get(f"{LISTS}/Names").status_code == 404
        assert other.delete(f"{LISTS}/Names").status_code == 404
        check = other.post("/api/check", json={"vocabulary": "Names"}).json()
        assert (check["ok"], check["refusals"][0]["code"]) == (False, "vocabulary_not_found")
    assert city.post("/api/check", json={"vocabulary": "Names"}).json()["ok"]
    assert TestClient(app).get(LISTS).status_code == 401
    app.state.service.speech.close()


def test_a_job_keeps_the_words_of_its_lists(http: httpx.Client) -> None:
    lists = {"Vocabulary A": ["Zyzzyva", "quokka"], "Vocabulary B": ["quokka", "Müller"]}
    for name, words in lists.items():
        http.put(f"{LISTS}/{name}", json={"words": words}).raise_for_status()
    both = {"vocabulary": "Vocabulary A, Vocabulary B", "hotwords": "mine"}
    job = submit(http, SAMPLES / "english.wav", **both)
    http.put(f"{LISTS}/Vocabulary A", json={"words": ["changed"]}).raise_for_status()
    http.delete(f"{LISTS}/Vocabulary B").raise_for_status()
    done = until_ended(http, job)
    assert (done["state"], done["options"]["hotwords"]) == ("done", "Zyzzyva, quokka, Müller, mine")
    part = http.post(
        f"/api/jobs/{job}/ranges", json={"end": 2, "vocabulary": "Vocabulary A"}
    ).json()
    assert part["options"]["hotwords"] == "changed"
    until_ended(http, part["id"])
    http.delete(f"/api/jobs/{job}")


def test_vocabulary_that_a_job_cannot_have_is_refused(http: httpx.Client) -> None:
    http.put(f"{LISTS}/Refused", json={"words": ["Ada"]}).raise_for_status()
    sound = {"file": ("a.wav", (SAMPLES / "english.wav").read_bytes())}
    refused = http.post("/api/jobs", data={"vocabulary": "Refusd"}, files=sound)
    error = refused.json()["error"]
    assert refused.status_code == 404 and "Refused" in error["message"]
    assert (error["code"], error["param"]) == ("vocabulary_not_found", "vocabulary")
    long = {"vocabulary": "Refused", "hotwords": "x" * 4000}
    error = http.post("/api/jobs", data=long, files=sound).json()["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "vocabulary")
    twice = http.post("/api/jobs", data={"vocabulary": ["Refused", "Refused"]}, files=sound)
    assert (twice.status_code, twice.json()["error"]["param"]) == (400, "vocabulary")
    http.delete(f"{LISTS}/Refused").raise_for_status()
