"""The table in docs/concepts/security.md: when a request needs an API key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from unispeech.cli.announcement import keys as announced
from unispeech.cli.announcement import warnings
from unispeech.server import settings
from unispeech.server.app import create_app

OWN = "the operator's own key"
LOOPBACK, OPEN = "127.0.0.1", "0.0.0.0"


def client_of(folder: Path, **values: object) -> TestClient:
    """A client of the application, whose workers are not started."""
    return TestClient(
        create_app(settings.read(data_dir=folder, **values)), base_url="http://localhost"
    )


def status(client: TestClient, secret: str = "") -> int:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return client.get("/v1/queue", headers=headers).status_code


@pytest.mark.parametrize(
    ("keys", "require_keys", "host", "required"),
    [
        ("none", None, LOOPBACK, False),
        ("none", None, OPEN, True),
        ("none", True, LOOPBACK, True),
        ("none", True, OPEN, True),
        ("none", False, LOOPBACK, False),
        ("none", False, OPEN, False),
        ("setting", None, LOOPBACK, True),
        ("setting", None, OPEN, True),
        ("setting", True, LOOPBACK, True),
        ("setting", True, OPEN, True),
        ("setting", False, LOOPBACK, False),
        ("setting", False, OPEN, False),
        ("created", None, LOOPBACK, True),
        ("created", None, OPEN, True),
        ("created", True, LOOPBACK, True),
        ("created", True, OPEN, True),
        ("created", False, LOOPBACK, False),
        ("created", False, OPEN, False),
    ],
)
def test_each_cell_of_the_table(
    tmp_path: Path, keys: str, require_keys: bool | None, host: str, required: bool
) -> None:
    own = OWN if keys == "setting" else ""
    client = client_of(tmp_path, require_keys=require_keys, host=host, api_key=own)
    service = client.app.state.service  # type: ignore[attr-defined]
    secret = service.keys.create("desk")[1] if keys == "created" else own
    refused = 401 if required else 200
    assert status(client) == refused
    assert status(client, "sk-dummy") == refused  # clients that must send a key send a dummy
    if secret:
        assert status(client, secret) == 200
    assert announced(service.settings, keys != "none").startswith("required") is required
    is_warned = (required and keys == "none") or (
        require_keys is False and (keys != "none" or host == OPEN)
    )
    assert bool(warnings(service.settings, keys != "none")) is is_warned


def test_a_key_created_while_the_server_runs_is_required_at_once(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    keys = client.app.state.service.keys  # type: ignore[attr-defined]
    assert status(client) == 200
    key, secret = keys.create("first")
    assert status(client) == 401 and status(client, secret) == 200
    assert keys.revoke(key.id)  # revoking the last key does not open the server again
    assert status(client) == 401 and status(client, secret) == 401


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", f"Bearer {OWN}"),
        ("Authorization", f"Token {OWN}"),
        ("Authorization", basic("anyone", OWN)),
        ("Authorization", basic(OWN, "")),
        ("X-API-Key", OWN),
        ("api-key", OWN),
        ("xi-api-key", OWN),
    ],
)
def test_clients_without_a_key_field_have_a_header_for_it(
    tmp_path: Path, header: str, value: str
) -> None:
    client = client_of(tmp_path, api_key=OWN)
    assert client.get("/v1/queue", headers={header: value}).status_code == 200
    wrong = value.replace(OWN, "guess") if OWN in value else basic("guess", "guess")
    assert client.get("/v1/queue", headers={header: wrong}).status_code == 401


@pytest.mark.parametrize("value", ["Basic", "Basic :", "Basic eDp5", "Basic ////", "Digest x", "x"])
def test_malformed_credentials_are_no_key(tmp_path: Path, value: str) -> None:
    client = client_of(tmp_path, api_key=OWN)
    assert client.get("/v1/queue", headers={"Authorization": value}).status_code == 401


def test_a_foreign_page_cannot_use_basic_credentials_that_the_browser_stored(
    tmp_path: Path,
) -> None:
    client = client_of(tmp_path, api_key=OWN)
    headers = {"Authorization": basic("me", OWN), "Origin": "https://evil.example"}
    answer = client.post("/api/check", headers=headers, json={})
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "origin_not_allowed"
    assert client.post(
        "/api/check", headers=headers | {"Origin": "http://localhost"}, json={}
    ).is_success
    headers["Authorization"] = f"Bearer {OWN}"
    assert client.post("/api/check", headers=headers, json={}).is_success


def test_failed_keys_are_limited_per_address(tmp_path: Path) -> None:
    client = client_of(tmp_path, require_keys=True)
    keys = client.app.state.service.keys  # type: ignore[attr-defined]
    (_, known), (_, new) = keys.create("known"), keys.create("new")
    assert status(client, known) == 200
    statuses = [status(client, f"guess {number}") for number in range(61)]
    assert statuses == [401] * 60 + [429]
    # Everybody behind one proxy may have this address: keys in use go on.
    assert status(client, known) == 200
    # A guess that is right is not told from a wrong one.
    assert status(client, new) == 429
    assert status(client) == 401
    other = TestClient(client.app, base_url="http://localhost", client=("2001:db8::1", 1))
    assert status(other, new) == 200
