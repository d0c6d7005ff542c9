"""Who may do what: keys, limits, other people's jobs; and the parts that decide it, alone."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import subprocess
import sys
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
from starlette.requests import HTTPConnection

from conftest import SAMPLES
from serving import Receiver, Server, free_port, running, until_ended
from unispeech.cli.serve import keys as keys_command
from unispeech.cli.serve import serve
from unispeech.errors import AudioError, OptionError
from unispeech.server import answers, fetch, notices, settings
from unispeech.server.database import Database, Job, State
from unispeech.server.decoding import Cut, Decoders, TooLong
from unispeech.server.jobs import Jobs
from unispeech.server.keys import Keys, Rates
from unispeech.server.logs import JsonLines
from unispeech.server.speech import public
from unispeech.server.uploads import clean_name, header_name

ENGLISH = SAMPLES / "english.wav"


class Mailbox:
    """A real SMTP server's handler: keeps what arrives."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(envelope.content)
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


def test_without_a_key_nothing_but_health(server: Server) -> None:
    with server.client() as http:
        assert http.get("/healthz").status_code == 200
        for path in ("/api/jobs", "/v1/models", "/v1/queue", "/v1/download/x", "/v1/jobs/x"):
            answer = http.get(path)
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
        for path in ("/v1/transcribe?email_callback=a@b.c", "/asr", "/api/jobs", "/v1/detect"):
            assert http.post(path, content=b"x").status_code == 401
        wrong = http.get("/v1/models", headers={"X-API-Key": "us-guess"})
        assert wrong.json()["error"]["code"] == "invalid_api_key"


def test_a_job_is_its_owners_alone_and_mail_says_when_it_is_done(
    server: Server, keys: Keys, mailbox: tuple[Mailbox, int]
) -> None:
    _, mine = keys.create("mine")
    revoked, theirs = keys.create("theirs")
    with client(server, mine) as me, client(server, theirs) as them:
        answer = me.post(
            "/v1/transcribe?email_callback=desk@example.org&filename=talk.wav",
            content=ENGLISH.read_bytes(),
        )
        job = answer.json()["job_id"]
        until_ended(me, job)
        for path in (f"/api/jobs/{job}", f"/v1/jobs/{job}", f"/v1/download/{job}"):
            assert me.get(path).status_code == 200 and them.get(path).status_code == 404
        for path in (f"/api/jobs/{job}/transcript", f"/api/jobs/{job}/audio"):
            assert them.get(path).status_code == 404
        assert them.delete(f"/api/jobs/{job}").status_code == 404
        assert them.get("/api/jobs").json() == {"jobs": []}
        assert keys.revoke(revoked.id) and them.get("/api/jobs").status_code == 401
    deadline = time.monotonic() + 20
    while not mailbox[0].letters and time.monotonic() < deadline:
        time.sleep(0.1)
    letter = message_from_bytes(mailbox[0].letters[0], policy=default)
    assert letter["Subject"] == "talk.wav is finished transcribing!"
    assert letter["To"] == "desk@example.org"
    assert letter.get_content().count(f"/v1/download/{job}?output=") == 5
    for secret in (mine, theirs):
        assert secret not in server.log.read_text()


def test_limits_of_a_key(server: Server, keys: Keys) -> None:
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


@pytest.mark.slow
def test_a_url_is_fetched_and_its_failures_are_plain(
    server: Server, keys: Keys, tmp_path: Path
) -> None:
    """From this machine, which `fetch_private` allows here."""
    import functools
    import http.server
    import threading

    (tmp_path / "talk.wav").write_bytes(ENGLISH.read_bytes())
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    site = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(quiet, directory=str(tmp_path))
    )
    threading.Thread(target=site.serve_forever, daemon=True).start()
    _, secret = keys.create("fetcher")
    with client(server, secret) as http_client:
        url = f"http://127.0.0.1:{site.server_port}"
        answer = http_client.post("/api/jobs", files={"url": (None, f"{url}/talk.wav")})
        assert answer.status_code == 201 and answer.json()["filename"] == "talk.wav"
        assert until_ended(http_client, answer.json()["id"])["state"] == "done"
        missing = http_client.post("/api/jobs", files={"url": (None, f"{url}/none.wav")})
        assert missing.status_code == 400 and "404" in missing.text
    site.shutdown()
    site.server_close()


@pytest.mark.slow
def test_a_cancelled_job_ends_and_can_be_retried(server: Server, keys: Keys) -> None:
    _, secret = keys.create("canceller")
    with client(server, secret) as http:
        jobs = []
        for _ in range(3):
            files = {"file": ("pause.wav", (SAMPLES / "pause.wav").read_bytes())}
            jobs.append(http.post("/api/jobs", files=files, data={"model": "tiny.en"}).json()["id"])
        last = jobs[-1]
        assert http.post(f"/api/jobs/{last}/cancel").status_code == 202
        assert until_ended(http, last)["state"] == "cancelled"
        answer = http.get(f"/v1/download/{last}")
        assert (answer.status_code, answer.text) == (400, "Job canceled")
        assert http.get(f"/api/jobs/{last}/transcript").status_code == 409
        assert http.post(f"/api/jobs/{last}/retry").status_code == 202
        assert {until_ended(http, job)["state"] for job in jobs} == {"done"}


@pytest.mark.slow
def test_a_full_queue_says_when_to_come_back(tmp_path: Path) -> None:
    with running(tmp_path, jobs_at_once=0, queue_size=2) as full, full.client() as http:
        answers = []
        for _ in range(3):
            files = {"file": ("a.wav", ENGLISH.read_bytes())}
            answers.append(http.post("/api/jobs", files=files))
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert int(answers[2].headers["retry-after"]) > 0
        first, second = (http.get(f"/api/jobs/{a.json()['id']}").json() for a in answers[:2])
        assert (first["position"], second["position"]) == (0, 1)
        assert http.get("/v1/queue").json() == {"count": 2}
        assert http.post("/v1/transcribe?email_callback=a@b.c", content=b"x").status_code == 429


# the parts alone


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::"],
)  # fmt: skip
def test_no_way_inside(address: str) -> None:
    assert not fetch._is_public(address)


def test_public_addresses_and_what_is_no_url() -> None:
    assert fetch._is_public("93.184.216.34") and fetch._is_public("2606:4700::1111")
    for url in (
        "file:///etc/passwd",
        "gopher://x/",
        "http://",
        "http://x:99999/",
        "x",
        "http://[/",
    ):
        with pytest.raises(answers.Refused):
            fetch._checked(url)


def test_a_redirect_inside_is_refused(tmp_path: Path) -> None:
    """The check is where the connection is made, so it holds for every hop."""

    async def ask() -> None:
        await fetch._Public(private=False).connect_tcp("localhost", 80)

    with pytest.raises(answers.Refused, match="not at a public address"):
        asyncio.run(ask())


def test_settings_say_which_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNISPEECH_PORT", "many")
    with pytest.raises(OptionError, match="port"):
        settings.read()
    monkeypatch.delenv("UNISPEECH_PORT")
    file = tmp_path / "settings"
    file.write_text("UNISPEECH_MODEL=small\nBASE_URL=https://x.example/\n")
    monkeypatch.setenv("UNISPEECH_SETTINGS", str(file))
    read = settings.read()
    assert (read.model, read.url) == ("small", "https://x.example")
    monkeypatch.setenv("UNISPEECH_SETTINGS", "nowhere")
    with pytest.raises(OptionError, match="nowhere"):
        settings.read()


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "said"),
    [
        (["--model", "nope"], {}, 2, "setting model: there is no model 'nope'"),
        (["--backend", "nope"], {}, 2, "setting backend: there is no backend 'nope'"),
        ([], {"UNISPEECH_BACKEND": "whisperx"}, 2, "unispeech backends install whisperx"),
        ([], {"UNISPEECH_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, 1,
         "the database at 127.0.0.1 cannot be used"),
        ([], {"UNISPEECH_DATA_DIR": "/dev/null/x"}, 2, "UNISPEECH_DATA_DIR: cannot write to"),
        (["--port", "PORT"], {}, 1, "cannot listen on 127.0.0.1 port"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_before_the_server_starts(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        here = {"UNISPEECH_DATA_DIR": str(tmp_path), "UNISPEECH_ENV_DIR": str(tmp_path / "none")}
        done = subprocess.run(
            [sys.executable, "-m", "unispeech", "serve", "--port", "0",
             *(port if one == "PORT" else one for one in arguments)],
            env={**os.environ, **here, **environment}, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
    assert done.returncode == code and said in done.stderr
    assert done.stderr.count("\n") == 1 and "secret" not in done.stderr


@pytest.mark.parametrize(
    ("host", "needed"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True),
     ("192.168.1.5", True), ("::", True)],
)  # fmt: skip
def test_keys_are_needed_wherever_others_can_reach(host: str, needed: bool) -> None:
    assert settings.read(host=host).keys_required is needed


def test_keys_by_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNISPEECH_DATA_DIR", str(tmp_path))
    run = CliRunner().invoke
    secret = run(keys_command, ["create", "newsroom", "--rate-limit", "5/minute"]).output.strip()
    listed = run(keys_command, ["list"]).output
    assert "newsroom\t5/minute" in listed and secret not in listed
    kept = Keys(Database(f"sqlite:///{tmp_path / 'unispeech.sqlite'}"))
    assert kept.find(secret) and not kept.find(secret + "x")
    assert secret.encode() not in (tmp_path / "unispeech.sqlite").read_bytes()
    id = listed.split("\t")[0]
    assert run(keys_command, ["revoke", id]).exit_code == 0 and not kept.find(secret)
    assert run(keys_command, ["revoke", id]).exit_code == 2
    with pytest.raises(OptionError, match="rate_limit"):
        kept.create("x", rate_limit="often")


def test_the_help_names_every_setting() -> None:
    said = CliRunner().invoke(serve, ["--help"]).output
    for name in ("UNISPEECH_DATABASE_URL", "ALLOWED_WEBHOOKS_FILE", "BASE_URL", "DISCLAIMER"):
        assert name in said


def test_rates_count_each_caller_apart() -> None:
    rates = Rates("2/minute")
    assert [rates.wait("a") > 0 for _ in range(3)] == [False, False, True]
    assert rates.wait("b") == 0
    assert 1 <= rates.wait("a") <= 61


def test_the_list_of_webhooks_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    assert notices.webhooks(None) == {}
    with pytest.raises(OptionError, match="ALLOWED_WEBHOOKS_FILE"):
        notices.webhooks(tmp_path / "none.json")
    bad = tmp_path / "bad.json"
    bad.write_text('[{"id": 1}]')
    with pytest.raises(OptionError, match="not a list of webhooks"):
        notices.webhooks(bad)
    receiver = Receiver()
    assert notices.webhooks(receiver.allow(tmp_path))["desk"].token == "s3cret"
    receiver.close()


def test_the_waas_signature_is_pythons_own_json() -> None:
    job = Job("1", "", "waas", "café.wav", {}, state=State.DONE)
    body = json.dumps(notices.payload(job, "https://x")).encode()
    assert b'"job_id": "1"' in body and b"caf\\u00e9" in body
    assert notices.payload(Job("1", "", "waas", "x", {}, state=State.FAILED), "u") == {
        "source": "waas",
        "job_id": "1",
        "success": False,
    }


def test_errors_lose_the_paths_of_this_machine() -> None:
    error = OptionError("/srv/data/jobs/1/upload.wav: no; see /var/log/x", "or https://a.b/c/d")
    assert public(error) == "upload.wav: no; see x; or https://a.b/c/d"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("a\\b.wav", "b.wav"), ("x\r\nHost: y", "xHost: y"),
     ("", "recording"), ("x" * 300, "x" * 200)],
)  # fmt: skip
def test_names_of_uploads(given: str, kept: str) -> None:
    assert clean_name(given) == kept
    assert header_name("Ærø 1.wav") == "Aero_1_wav"


def test_decoding_is_confined(tmp_path: Path) -> None:
    decoders = Decoders(1, 1 << 30, timeout=60)
    try:
        decoded = decoders.decode(ENGLISH, tmp_path / "out.wav", "a", Cut())
        assert 10 < decoded.duration < 11 and decoded.complete
        part = decoders.decode(ENGLISH, tmp_path / "part.wav", "a", Cut(2.0, 5.5))
        assert part.duration == 3.5
        with pytest.raises(TooLong, match="talk.wav: it is longer than 3 s"):
            decoders.decode(ENGLISH, tmp_path / "x.wav", "talk.wav", Cut(longest=3.0))
    finally:
        decoders.close()
    hurried = Decoders(1, 1 << 30, timeout=0.001)
    try:
        with pytest.raises(AudioError, match="takes too long"):
            hurried.decode(ENGLISH, tmp_path / "x.wav", "talk.wav", Cut())
    finally:
        hurried.close()


def test_a_log_line_is_an_object() -> None:
    import logging

    record = logging.makeLogRecord({"msg": "job %s", "args": ("é",), "name": "x", "job": "1"})
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["job"], line["logger"]) == ("job é", "1", "x")


def test_what_is_past_its_time_goes(tmp_path: Path) -> None:
    database = Database("sqlite://")
    jobs = Jobs(database, None, tmp_path / "jobs")  # type: ignore[arg-type]  # sweeping needs none
    old, place = jobs.new_place()
    place.upload.write_bytes(b"x")
    long_ago = time.time() - 10 * 86400
    database.add(Job(old, "", "api", "x", {}, state=State.DONE, ended=long_ago))
    fresh, _ = jobs.new_place()
    database.add(Job(fresh, "", "api", "x", {}, state=State.DONE, ended=time.time()))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for name in ("old", "new"):
        (scratch / name).write_bytes(b"x")
    os.utime(scratch / "old", (long_ago, long_ago))
    _, left = jobs.new_place()
    os.utime(left.folder, (long_ago, long_ago))
    assert jobs.sweep(0) == 0 and not left.folder.exists() and place.folder.exists()
    assert [path.name for path in scratch.iterdir()] == ["new"]
    assert jobs.sweep(7) == 1
    assert database.job(old) is None and not place.folder.exists() and database.job(fresh)


def test_a_full_disk_is_an_answer_of_its_own() -> None:
    scope = {"type": "http", "path": "/api/jobs", "headers": []}
    full = answers.answer(HTTPConnection(scope), OSError(errno.ENOSPC, "No space left on device"))
    assert full.status_code == 507
    assert b"disk is full" in bytes(full.body)
    other = answers.answer(HTTPConnection(scope), OSError(errno.EIO, "Input/output error"))
    assert other.status_code == 500
