"""Models that requests may name: on a server with keys, only those that need no download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from unispeech.aligners.load import aligner
from unispeech.backends.loaded import LoadedModels
from unispeech.errors import ModelUnavailable
from unispeech.models import store
from unispeech.server import settings
from unispeech.server.app import create_app
from unispeech.server.http.admission import admit_model_change
from unispeech.server.http.error_responses import RequestError
from unispeech.server.speech.client_models import ClientModels
from unispeech.server.speech.speech import Speech
from unispeech.server.storage.keys import ANYBODY


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
    models = ClientModels(settings.read(data_dir=tmp_path, **values), lambda: required)
    assert models.may_name("small") is small and models.may_name("turbo") is alias
    assert models.resolve("tiny") == "tiny" and models.resolve("base") == "base"  # the defaults
    if small:
        assert models.resolve("small") == "small"
    else:
        with pytest.raises(ModelUnavailable, match="UNISPEECH_FETCH_MODELS"):
            models.resolve("small")


def test_the_entries_are_those_that_requests_may_name(tmp_path: Path) -> None:
    models = ClientModels(settings.read(data_dir=tmp_path, fetch_models="small"), lambda: True)
    names = ["tiny", "base", "small", "speaker-diarization-community-1"]
    assert [entry.name for entry in models.entries()] == names


GERMAN = "jonatasgrosman/wav2vec2-large-xlsr-53-german"


@pytest.mark.parametrize(
    ("options", "option", "listed"),
    [
        ({"align_model": "wav2vec2-base-960h"}, "align_model", "wav2vec2-base-960h"),
        ({"align_model": "facebook/wav2vec2-base-960h"}, "align_model", "wav2vec2-base-960h"),
        ({"language_id_model": "mms-lid-126"}, "language_id_model", "mms"),
        ({"align": True, "language": "de"}, "align", GERMAN),
        ({"align": True, "language": "de"}, "align", "*"),
        ({"aligner": "ctc", "word_timestamps": True, "language": "sv"}, "aligner", "mms-1b-all"),
    ],
)
def test_side_models_obey_the_same_list(
    tmp_path: Path, options: dict[str, Any], option: str, listed: str
) -> None:
    def refused(**values: object) -> set[tuple[str, str]]:
        speech = Speech(settings.read(data_dir=tmp_path, **values), lambda: True)
        refusals = speech.review_request(**options).refusals
        speech.close()
        return {(refusal.code, refusal.option) for refusal in refusals}

    assert ("model_not_available", option) in refused()
    assert ("model_not_available", option) not in refused(fetch_models=listed)


def test_the_aligner_of_a_detected_language_is_not_downloaded_either(tmp_path: Path) -> None:
    """It is known only after decoding, so no request is refused for it."""
    speech = Speech(settings.read(data_dir=tmp_path), lambda: True)
    with (
        pytest.raises(ModelUnavailable, match="UNISPEECH_FETCH_MODELS"),
        store.checking_downloads(speech.models.check_download),
        aligner(LoadedModels(), "ctc", "de"),
    ):
        pass
    speech.close()


@pytest.mark.parametrize("is_admin", [False, True])
@pytest.mark.parametrize(
    ("listed", "model", "code"),
    [
        (None, "small", "model_not_listed"),
        ("", "small", "model_not_listed"),
        ("base", "small", "model_not_listed"),
        ("small", "small", None),
        ("large-v3-turbo", "turbo", None),
        ("*", "small", None),
        ("*", "somebody/model", "model_not_listed"),
        ("somebody/model", "somebody/model", None),
    ],
)
def test_models_are_changed_only_with_an_admin_key_and_a_list(
    tmp_path: Path, is_admin: bool, listed: str | None, model: str, code: str | None
) -> None:
    service = create_app(settings.read(data_dir=tmp_path, fetch_models=listed)).state.service
    key, secret = service.keys.create("models", is_admin=is_admin)
    assert key == service.keys.find(secret)
    expected = code if is_admin else "admin_key_required"
    if expected is None:
        admit_model_change(service, key, model)
        return
    with pytest.raises(RequestError) as refusal:
        admit_model_change(service, key, model)
    assert (refusal.value.status, refusal.value.code) == (403, expected)


def test_only_created_keys_are_admin_keys(tmp_path: Path) -> None:
    service = create_app(
        settings.read(data_dir=tmp_path, api_key="own", fetch_models="*")
    ).state.service
    for key in (ANYBODY, service.keys.find("own"), service.keys.create("desk")[0]):
        with pytest.raises(RequestError):
            admit_model_change(service, key, "small")


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
    theirs = service.keys.find(other).id
    for id, owner, state in (
        ("1", mine.id, State.QUEUED), ("2", mine.id, State.DONE), ("3", theirs, State.CANCELLED),
        ("4", "somebody", State.QUEUED),
    ):  # fmt: skip
        service.database.add(
            Job(id, owner, "waas", "a.wav", "faster", "tiny", {}, state=state, duration=60.0,
                created=-float(id))
        )  # fmt: skip
    client = TestClient(app, base_url="http://localhost")
    for key, count, seconds in ((secret, 1, 60.0), (other, 0, 0.0)):
        headers = {"X-API-Key": key}
        assert client.get("/v1/queue", headers=headers).json() == {"count": count}
        answer = client.get("/v1/stats", headers=headers)
        assert answer.json() == {"total_time_transcribed": seconds}
        job = client.get("/v1/jobs/1" if count else "/v1/jobs/3", headers=headers).json()
        assert job["queue_size"] == count
    waiting = client.get("/v1/jobs/1", headers={"X-API-Key": secret}).json()
    assert waiting["position_in_queue"] == 0  # job 4 is somebody else's
