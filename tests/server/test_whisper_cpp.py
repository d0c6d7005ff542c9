"""whisper.cpp's `/inference` and `/load`, and speaches' routes for models."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from support.samples import SAMPLES, reference, words
from support.serving import Server, running
from unispeech.models import weight_cache
from unispeech.server import settings
from unispeech.server.app import create_app
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import Keys

PAUSE = SAMPLES / "pause.wav"


def inference(http: httpx.Client, **fields: str) -> httpx.Response:
    with PAUSE.open("rb") as file:
        return http.post("/inference", files={"file": file}, data=fields)


def test_each_format_of_inference(http: httpx.Client) -> None:
    answer = inference(http, temperature="0.0", temperature_inc="0.2", response_format="json")
    assert answer.status_code == 200, answer.text
    text = answer.json()["text"]
    assert answer.json().keys() == {"text"} and words(text) == words(reference("pause"))
    assert text.endswith("\n") and answer.headers["x-unispeech-ignored"] == "temperature_inc"
    plain = inference(http, response_format="text")
    assert plain.text == text and plain.headers["content-type"].startswith("text/plain")
    srt = inference(http, response_format="srt", offset_n="4")
    assert srt.text.startswith("5\n00:00:0") and "," in srt.text.splitlines()[1]
    assert srt.headers["content-type"].startswith("application/x-subrip")
    vtt = inference(http, response_format="vtt")
    assert vtt.text.startswith("WEBVTT\n\n00:00:0") and "." in vtt.text.splitlines()[2]
    assert inference(http, response_format="nonsense").json() == {"text": text}


def test_verbose_json_of_inference(http: httpx.Client) -> None:
    body = inference(http, response_format="verbose_json", language="en").json()
    assert (body["task"], body["language"], body["detected_language"]) == (
        "transcribe", "english", "english",
    )  # fmt: skip
    assert set(body["language_probabilities"]) == {"en"}
    segments: list[dict[str, Any]] = body["segments"]
    assert body["text"] == "".join(segment["text"] + "\n" for segment in segments)
    assert segments[0].keys() == {
        "id", "start", "end", "text", "tokens", "words", "temperature", "avg_logprob",
        "no_speech_prob",
    }  # fmt: skip
    assert segments[0]["words"][0].keys() == {"word", "start", "end", "t_dtw", "probability"}
    short = inference(
        http,
        response_format="verbose_json",
        no_timestamps="true",
        no_language_probabilities="yes",
    ).json()
    assert "detected_language" not in short
    assert not {"start", "words"} & short["segments"][0].keys()


def test_inference_of_a_part_keeps_the_times_of_the_file(http: httpx.Client) -> None:
    body = inference(http, response_format="verbose_json", offset_t="15000", duration="2000").json()
    assert 15 <= body["segments"][0]["start"] < body["segments"][-1]["end"] <= 17.01
    assert words(body["text"]) == words("Thank you for waiting.")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"offset_t": "soon"}, 400),
        ({"duration": "nan"}, 400),
        ({"beam_size": "1e99"}, 400),
        ({"language": "xyzzy"}, 400),
        ({"language": "de"}, 400),
        ({"offset_t": "600000"}, 400),
    ],
)
def test_errors_of_inference_are_one_line(
    http: httpx.Client, fields: dict[str, str], status: int
) -> None:
    answer = inference(http, **fields)
    assert answer.status_code == status
    assert answer.json().keys() == {"error"} and "\n" not in answer.json()["error"]


def test_inference_without_a_file(http: httpx.Client) -> None:
    for answer in (
        http.post("/inference", data={"file": "x"}),
        http.post("/inference", files={"other": b"x"}),
        http.post("/inference", files={"file": b""}),
        http.post("/inference", content=b"x"),
    ):
        assert answer.status_code == 400 and answer.json().keys() == {"error"}


def test_health_in_both_forms(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok", "message": "OK"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with keys, and a store of its own from which models may be deleted."""
    folder = tmp_path_factory.mktemp("models")
    for model in ("tiny.en", "base"):
        cached = weight_cache.find(model, "ctranslate2")
        assert cached is not None
        place = cached.folder.relative_to(weight_cache.root())
        shutil.copytree(cached.folder, folder / "cache" / place)
    with running(
        folder,
        require_keys=True,
        cache_dir=folder / "cache",
        fetch_models="base,tiny.en,nobody/x",
    ) as server:
        yield server


def clients(server: Server) -> tuple[httpx.Client, httpx.Client]:
    """Return an admin's client and one of an ordinary key."""
    keys = Keys(Database(f"sqlite:///{server.folder / 'data' / 'unispeech.sqlite'}"))
    secrets = (keys.create("admin", is_admin=True)[1], keys.create("desk")[1])
    first, second = (server.client(Authorization=f"Bearer {secret}") for secret in secrets)
    return first, second


def test_only_admins_load_fetch_and_delete_listed_models(guarded: Server) -> None:
    admin, desk = clients(guarded)
    with admin, desk:
        for client, model in ((desk, "base"), (admin, "small")):
            form = {"model": (None, model)}
            for answer, field in (
                (client.post("/load", files=form), "error"),
                (client.post(f"/v1/models/{model}"), "detail"),
                (client.delete(f"/v1/models/{model}"), "detail"),
            ):
                assert answer.status_code == 403 and answer.json().keys() == {field}
        assert admin.get("/v1/models/base").status_code == 200  # nothing was deleted
        assert admin.post("/load", data={"x": "y"}).status_code == 400
        unknown = admin.post("/load", files={"model": (None, "nobody/x")})
        assert unknown.status_code == 400 and "not found" in unknown.json()["error"]


def test_the_registry_has_the_models_that_may_be_fetched(guarded: Server) -> None:
    _, desk = clients(guarded)
    with desk:
        rows = desk.get("/v1/registry", params={"task": "automatic-speech-recognition"}).json()
        assert rows["object"] == "list"
        assert {row["id"] for row in rows["data"]} == {"tiny.en", "base"}
        assert rows["data"][0].keys() == {
            "id", "object", "created", "owned_by", "language", "task"
        }  # fmt: skip
        assert desk.get("/v1/registry").json() == rows
        assert desk.get("/v1/registry?task=text-to-speech").json()["data"] == []
        unknown = desk.get("/v1/registry?task=x")
        assert unknown.status_code == 400 and unknown.json().keys() == {"detail"}


def test_a_loaded_model_is_that_of_inference(guarded: Server) -> None:
    admin, desk = clients(guarded)
    with admin, desk:
        assert inference(desk, language="de").status_code == 400  # tiny.en
        answer = admin.post("/load", files={"model": (None, "models/ggml-base.bin")})
        assert (answer.status_code, answer.text) == (200, "Load was successful!")
        assert inference(desk, language="de").status_code == 200
        assert words(inference(desk, language="en").json()["text"]) == words(reference("pause"))


def test_models_are_fetched_once_and_deleted(guarded: Server) -> None:
    admin, desk = clients(guarded)
    with admin, desk:
        present = admin.post("/v1/models/base")
        assert (present.status_code, present.text) == (201, "Model 'base' already exists")
        deleted = admin.delete("/v1/models/base")
        assert deleted.json() == {"detail": "Model 'base' deleted"}
        assert not (guarded.folder / "cache" / "base").exists()
        assert admin.delete("/v1/models/base").status_code == 404
        assert admin.get("/v1/models/base").status_code == 404
        assert admin.delete("/v1/models/nobody/x").status_code == 404


def test_a_missing_model_is_fetched_for_the_default_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "cache"))
    fetched: list[tuple[str, str]] = []

    def fake_download(name: str, format: str, on_progress: object = None) -> None:
        fetched.append((name, format))

    monkeypatch.setattr("unispeech.models.store.obtain", fake_download)
    app = create_app(settings.read(data_dir=tmp_path / "data", fetch_models="*"))
    secret = app.state.service.keys.create("admin", is_admin=True)[1]
    client = TestClient(app, headers={"X-API-Key": secret}, base_url="http://localhost")
    answer = client.post("/v1/models/turbo")
    assert (answer.status_code, answer.text) == (200, "Model 'turbo' downloaded")
    assert fetched == [("large-v3-turbo", "ctranslate2")]
    client.close()
