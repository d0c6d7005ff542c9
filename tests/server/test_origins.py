"""Host and Origin checks of a server without API keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from support.samples import SAMPLES
from support.serving import Server
from unispeech.server import settings
from unispeech.server.app import create_app
from unispeech.server.http.origins import is_expected_host, is_foreign

EVIL = "https://evil.example"


@pytest.mark.parametrize(
    "host",
    ["localhost:8000", "LOCALHOST", "127.0.0.1:8000", "192.168.1.5:8000", "[::1]:8000", "[fe80::1]",
     "server:8000", "unispeech", "desk.local:8000", "desk.local.", "app.localhost:8000", "",
     "host.docker.internal:8000", "desk.home.arpa", "speech.example:8443", "SPEECH.example.",
     "extra.example", "[::ffff:127.0.0.1]:8000"],
)  # fmt: skip
def test_names_that_no_site_can_own_are_expected(host: str) -> None:
    assert is_expected_host(
        host, settings.read(base_url="https://speech.example", allowed_hosts="Extra.example,b.c")
    )


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example",
     "local.evil.example", "evil-local.example", "1.2.3.4.5", "speech.example.evil.example",
     "a.notlocal", "x@127.0.0.1"],
)  # fmt: skip
def test_other_names_are_not_expected(host: str) -> None:
    assert not is_expected_host(host, settings.read(base_url="https://speech.example"))
    assert is_expected_host(host, settings.read(allowed_hosts="*"))


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"origin": "http://localhost:8000"}, False),
        ({"origin": "http://localhost:8000", "sec-fetch-site": "same-origin"}, False),
        ({"origin": "https://speech.example"}, False),
        ({"origin": "https://desk.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "app://notes"}, False),
        ({"origin": "chrome-extension://abc", "sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": EVIL}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://"}, True),
        ({"origin": "http://[a"}, True),
        ({"origin": "http://localhost:3000", "sec-fetch-site": "same-site"}, True),
        ({"origin": "http://localhost"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
    ],
)
def test_pages_of_other_origins_are_foreign(headers: dict[str, str], foreign: bool) -> None:
    raw = [(n.encode(), v.encode()) for n, v in {"host": "localhost:8000", **headers}.items()]
    connection = HTTPConnection({"type": "http", "headers": raw})
    values = settings.read(base_url="https://speech.example", cors_origins="https://desk.example")
    assert is_foreign(connection, values) is foreign
    assert not is_foreign(connection, settings.read(cors_origins="*"))


@pytest.fixture(scope="module")
def rebound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A page of evil.example after its name was rebound to this server."""
    app = create_app(settings.read(data_dir=tmp_path_factory.mktemp("rebound")))
    yield TestClient(app, base_url="http://evil.example:8000")


def test_dns_rebinding_reads_nothing(rebound: TestClient) -> None:
    for path in ("/", "/api/jobs", "/api/info", "/metrics", "/docs", "/static/app.js", "/v1/models",
                 "/api/shared/x/audio"):  # fmt: skip
        answer = rebound.get(path)
        assert answer.status_code == 403, path
        assert answer.json()["error"]["code"] == "host_not_allowed"
        assert "UNISPEECH_ALLOWED_HOSTS" in answer.text
    for path in ("/v1/jobs/x", "/asr"):  # in the dialects' forms
        assert "UNISPEECH_ALLOWED_HOSTS" in rebound.get(path).text
    assert rebound.get("/healthz").status_code == 200


def test_any_name_and_origin_may_use_a_server_with_keys(tmp_path: Path) -> None:
    """A page knows no key, and the name of a proxy may be unknown to the server."""
    app = create_app(settings.read(data_dir=tmp_path, api_key="secret"))
    client = TestClient(app, base_url="http://speech.company.example")
    headers = {"Origin": EVIL, "X-API-Key": "secret"}
    assert client.get("/v1/queue", headers=headers).status_code == 200
    assert client.post("/api/check", json={}, headers=headers).status_code == 200
    assert client.post("/api/check", json={}, headers={"Origin": EVIL}).status_code == 401


def test_forms_of_other_sites_are_refused(http: httpx.Client) -> None:
    sound = (SAMPLES / "english.wav").read_bytes()
    before = len(http.get("/api/jobs").json()["jobs"])
    for origin in ({"Origin": EVIL}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        for path in ("/api/jobs", "/v1/audio/transcriptions"):
            files, data = {"file": ("a.wav", sound)}, {"model": "whisper-1"}
            answer = http.post(path, headers=origin, files=files, data=data)
            assert answer.status_code == 403
            assert answer.json()["error"]["code"] == "origin_not_allowed"
        path = "/v1/transcribe?email_callback=a@evil.example"
        assert http.post(path, headers=origin, content=sound).status_code == 403
        assert http.delete("/api/jobs/x", headers=origin).status_code == 403
    assert len(http.get("/api/jobs").json()["jobs"]) == before
    for origin in ({"Origin": "https://desk.example"}, {"Origin": str(http.base_url).rstrip("/")}):
        assert http.delete("/api/jobs/x", headers=origin).status_code == 404


def test_websockets_check_host_and_origin(service: Server) -> None:
    port = service.port
    evil = f"evil.example:{port}"
    for name, origin in (
        (evil, None),
        (evil, f"http://{evil}"),
        (f"127.0.0.1:{port}", EVIL),
        (f"127.0.0.1:{port}", "null"),
    ):
        with pytest.raises(InvalidStatus) as refused, opened(port, name, origin):
            pass
        assert refused.value.response.status_code == 403
    own = f"localhost:{port}"
    for origin in (None, f"http://{own}", "https://desk.example"):
        with opened(port, own, origin) as socket:
            assert json.loads(socket.recv())["type"] == "session"


def opened(port: int, name: str, origin: str | None) -> ClientConnection:
    """Connect to this machine under a name."""
    address = create_connection(("127.0.0.1", port))
    return connect(
        f"ws://{name}/v1/stream", sock=address, origin=Origin(origin) if origin else None
    )
