"""API keys, their limits, the privacy of jobs, and e-mail at the end of a job."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from support.samples import SAMPLES
from support.serving import Server, free_port, running, until_ended
from unispeech.cli.serve import keys as keys_command
from unispeech.errors import OptionError
from unispeech.server import settings
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import Keys, Rates

ENGLISH = SAMPLES / "english.wav"


class Mailbox:
    """Handler of a real SMTP server, which stores the messages."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(envelope.content)
        return "250 OK"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, mailbox: tuple[Mailbox, int]
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("guarded")
    with running(
        folder,
        require_keys=True,
        email_sender_host="127.0.0.1",
        email_sender_port=mailbox[1],
        email_sender_address="speech@example.org",
        fetch_private=True,
    ) as server:
        yield server


@pytest.fixture(scope="module")
def keys(server: Server) -> Keys:
    return Keys(Database(f"sqlite:///{server.folder / 'data' / 'unispeech.sqlite'}"))


def client(server: Server, secret: str) -> httpx.Client:
    return server.client(Authorization=f"Bearer {secret}")


def test_without_a_key_only_the_health_check_answers(server: Server) -> None:
    with server.client() as http:
        assert http.get("/healthz").status_code == 200
        for path in ("/api/jobs", "/v1/models", "/v1/queue", "/v1/download/x", "/v1/jobs/x"):
            answer = http.get(path)
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
        for path in ("/v1/transcribe?email_callback=a@b.c", "/asr", "/api/jobs", "/v1/detect"):
            assert http.post(path, content=b"x").status_code == 401
        wrong = http.get("/v1/models", headers={"X-API-Key": "us-guess"})
        assert wrong.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("path", ["/v1/stream", "/v1/realtime?intent=transcription"])
def test_a_refused_websocket_is_no_error_in_the_log(server: Server, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(server.url.replace("http", "ws") + path)
    assert refused.value.response.status_code == 401
    records = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert not [record for record in records if record["level"] == "error"]


def test_only_the_owner_reads_a_job_and_gets_mail_when_it_is_done(
    server: Server, keys: Keys, mailbox: tuple[Mailbox, int]
) -> None:
    _, mine = keys.create("mine")
    revoked, theirs = keys.create("theirs")
    with client(server, mine) as me, client(server, theirs) as them:
        answer = me.post(
            # WAAS's page encodes twice.
            "/v1/transcribe?email_callback=desk%252Bnews%2540example.org&filename=talk%2520one",
            content=ENGLISH.read_bytes(),
        )
        job = answer.json()["job_id"]
        until_ended(me, job)
        for path in (f"/api/jobs/{job}", f"/v1/jobs/{job}", f"/v1/download/{job}"):
            assert me.get(path).status_code == 200 and them.get(path).status_code == 404
        for path in (f"/api/jobs/{job}/transcript", f"/api/jobs/{job}/audio"):
            assert them.get(path).status_code == 404
        assert them.delete(f"/api/jobs/{job}").status_code == 404
        assert them.get("/api/jobs").json() == {"jobs": [], "total": 0}
        assert keys.revoke(revoked.id) and them.get("/api/jobs").status_code == 401
    deadline = time.monotonic() + 20
    while not mailbox[0].messages and time.monotonic() < deadline:
        time.sleep(0.1)
    message = message_from_bytes(mailbox[0].messages[0], policy=default)
    assert message["Subject"] == "talk one is finished transcribing!"
    assert message["To"] == "desk+news@example.org"
    assert message.get_content().count(f"/v1/download/{job}?output=") == 6
    assert f"/v1/download/{job}?output=timecode_txt" in message.get_content()
    for secret in (mine, theirs):
        assert secret not in server.log.read_text()


def test_a_key_has_limits_of_its_own(server: Server, keys: Keys) -> None:
    _, slow = keys.create("slow", rate_limit="2/minute")
    with client(server, slow) as http:
        assert [http.get("/v1/queue").status_code for _ in range(3)] == [200, 200, 429]
        assert int(http.get("/v1/queue").headers["retry-after"]) > 0
    _, small = keys.create("small", max_upload=1000, max_duration=5)
    with client(server, small) as http:
        files = {"file": ("a.wav", ENGLISH.read_bytes())}
        assert http.post("/api/jobs", files=files).status_code == 413
    _, short = keys.create("short", max_duration=5)
    with client(server, short) as http:
        answer = http.post("/v1/detect", content=ENGLISH.read_bytes())
        assert answer.status_code == 413 and "longer than 5 s" in answer.text


@pytest.mark.parametrize(
    ("host", "required"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True),
     ("192.168.1.5", True), ("::", True)],
)  # fmt: skip
def test_keys_are_required_where_other_machines_can_connect(host: str, required: bool) -> None:
    assert settings.read(host=host).keys_required(has_key=False) is required


def test_keys_are_created_listed_and_revoked_by_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNISPEECH_DATA_DIR", str(tmp_path))
    run = CliRunner().invoke
    secret = run(keys_command, ["create", "newsroom", "--rate-limit", "5/minute"]).output.strip()
    listed = run(keys_command, ["list"]).output
    assert "newsroom\t5/minute" in listed and secret not in listed
    stored = Keys(Database(f"sqlite:///{tmp_path / 'unispeech.sqlite'}"))
    assert stored.find(secret) and not stored.find(secret + "x")
    assert secret.encode() not in (tmp_path / "unispeech.sqlite").read_bytes()
    id = listed.split("\t")[0]
    assert run(keys_command, ["revoke", id]).exit_code == 0 and not stored.find(secret)
    assert isinstance(run(keys_command, ["revoke", id]).exception, OptionError)
    admin = run(keys_command, ["create", "models", "--admin"]).output.strip()
    assert "models\tadmin" in run(keys_command, ["list"]).output
    found = stored.find(admin)
    assert found and found.is_admin
    with pytest.raises(OptionError, match="rate_limit"):
        stored.create("x", rate_limit="often")


def test_each_caller_has_its_own_rate_limit() -> None:
    rates = Rates("2/minute")
    assert [rates.wait("a") > 0 for _ in range(3)] == [False, False, True]
    assert rates.wait("b") == 0
    assert 1 <= rates.wait("a") <= 61


def test_a_clock_that_is_set_back_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rates, now = Rates("2/minute"), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86_400)
    assert [rates.wait("a") > 0 for _ in range(3)] == [False, False, True]
    monkeypatch.setattr(time, "time", lambda: now)
    assert not rates.is_exceeded("a")
    assert [rates.wait("a") > 0 for _ in range(3)] == [False, False, True]
