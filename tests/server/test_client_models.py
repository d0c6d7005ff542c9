"""Models that requests may name: on a server with keys, only those that need no download."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from unispeech.errors import ModelUnavailable
from unispeech.server import settings
from unispeech.server.app import create_app
from unispeech.server.speech.speech import Speech


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("values", "required", "small", "alias"),
    [
        ({}, False, True, True),  # the operator's own machine
        ({}, True, False, False),
        ({"host": "0.0.0.0", "require_keys": False}, False, False, False),
        ({"fetch_models": "small, large-v3-turbo"}, True, True, True),
        ({"fetch_models": "turbo"}, True, False, True),
        ({"fetch_models": "*"}, True, True, True),
        ({"fetch_models": ""}, False, False, False),
    ],
)
def test_who_may_have_weights_downloaded(
    tmp_path: Path, values: dict[str, object], required: bool, small: bool, alias: bool
) -> None:
    speech = Speech(settings.read(data_dir=tmp_path, **values), lambda: required)
    assert speech.may_name("small") is small and speech.may_name("turbo") is alias
    assert speech.model("tiny") == "tiny" and speech.model("base") == "base"  # the defaults
    if small:
        assert speech.model("small") == "small"
    else:
        with pytest.raises(ModelUnavailable, match="UNISPEECH_FETCH_MODELS"):
            speech.model("small")


def test_every_interface_refuses_such_a_model(tmp_path: Path) -> None:
    app = create_app(settings.read(data_dir=tmp_path, api_key="secret"))
    client = TestClient(app, headers={"X-API-Key": "secret"}, base_url="http://localhost")
    file = {"file": ("a.wav", b"sound")}
    answer = client.post("/v1/audio/transcriptions", files=file, data={"model": "small"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_available"
    for model in ("small", "/etc/passwd", str(tmp_path), "openai/whisper-small"):
        answer = client.post("/api/jobs", files=file, data={"model": model})
        assert answer.status_code == 404, model
    assert client.post("/api/check", json={"model": "small"}).json()["ok"] is False
    answer = client.post("/v1/transcribe?model=small&email_callback=a@b.example", content=b"sound")
    assert (answer.status_code, answer.text) == (400, "Model not available")
    listed = {model["name"] for model in client.get("/api/info").json()["models"]}
    assert "base" in listed and "small" not in listed


def test_clients_see_only_their_own_jobs_in_the_counts(tmp_path: Path) -> None:
    from unispeech.server.storage.database import Job, State

    app = create_app(settings.read(data_dir=tmp_path, require_keys=True))
    service = app.state.service
    (mine, secret), (_, other) = service.keys.create("mine"), service.keys.create("other")
    for id, state in (("1", State.QUEUED), ("2", State.DONE)):
        service.database.add(
            Job(id, mine.id, "waas", "a.wav", "faster", "tiny", {}, state=state, duration=60.0)
        )
    client = TestClient(app, base_url="http://localhost")
    for key, count, seconds in ((secret, 1, 60.0), (other, 0, 0.0)):
        headers = {"X-API-Key": key}
        assert client.get("/v1/queue", headers=headers).json() == {"count": count}
        answer = client.get("/v1/stats", headers=headers)
        assert answer.json() == {"total_time_transcribed": seconds}
