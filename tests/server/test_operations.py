"""Operation of the service: settings, errors at the start, logs, shutdown."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from support.samples import SAMPLES
from support.serving import Server, running, submit, until_ended
from unispeech.cli.serve import serve
from unispeech.errors import OptionError
from unispeech.server import settings
from unispeech.server.observe.logs import JsonLines, PlainLines

pytestmark = pytest.mark.slow

ENGLISH = SAMPLES / "english.wav"


def test_errors_name_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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
    ("arguments", "environment", "code", "message"),
    [
        (["--model", "nope"], {}, 2, "setting model: model 'nope' is unknown"),
        (["--backend", "nope"], {}, 2, "setting backend: backend 'nope' is unknown"),
        ([], {"UNISPEECH_BACKEND": "whisperx"}, 2, "unispeech backends install whisperx"),
        ([], {"UNISPEECH_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/x"}, 1,
         "the database at 127.0.0.1 cannot be used"),
        ([], {"UNISPEECH_DATA_DIR": "/dev/null/x"}, 2, "UNISPEECH_DATA_DIR: cannot write to"),
        (["--host", "nowhere.invalid"], {}, 1, "cannot listen on nowhere.invalid"),
        ([], {"UNISPEECH_DATABASE_URL": "postgresql://u@h:port/x"}, 2, "UNISPEECH_DATABASE_URL"),
        ([], {"UNISPEECH_DATABASE_URL": "mysql://u:secret@h/x"}, 2, "UNISPEECH_DATABASE_URL"),
        ([], {"UNISPEECH_DATA_DIR": "DAMAGED"}, 1, "unispeech.sqlite cannot be used"),
        ([], {"UNISPEECH_DATA_DIR": "UNDONE"}, 1, "workflows.sqlite cannot be used"),
        ([], {"UNISPEECH_DATA_DIR": "BLOCKED"}, 2, "UNISPEECH_DATA_DIR: cannot write to"),
        (["--port", "PORT"], {}, 1, "cannot listen on 127.0.0.1 port"),
    ],
)  # fmt: skip
def test_wrong_settings_are_reported_before_the_server_starts(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], code: int, message: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for name, file in (
            ("DAMAGED", "unispeech.sqlite"), ("UNDONE", "workflows.sqlite"), ("BLOCKED", "jobs"),
        ):  # fmt: skip
            (tmp_path / name).mkdir()
            (tmp_path / name / file).write_bytes(b"this is not a database " * 100)
        here = {"UNISPEECH_DATA_DIR": str(tmp_path), "UNISPEECH_ENV_DIR": str(tmp_path / "none")}
        done = subprocess.run(
            [sys.executable, "-m", "unispeech", "serve", "--port", "0",
             *(port if argument == "PORT" else argument for argument in arguments)],
            env={**os.environ, **here, **environment}, cwd=tmp_path, timeout=240,
            capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == code and message in done.stderr
    assert done.stderr.count("\n") == 1 and "secret" not in done.stderr


def test_a_misspelt_setting_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings.misspelt(["UNISPEECH_MODLE", "UNISPEECH_MODEL", "UNISPEECH_X", "MODLE"]) == [
        "there is no setting UNISPEECH_MODLE; did you mean UNISPEECH_MODEL?"
    ]
    assert not settings.misspelt(
        f"UNISPEECH_{name.upper()}" for name in settings.Settings.model_fields
    )
    file = tmp_path / "settings"
    file.write_text("REDIS_URL=redis://x\nUNISPEECH_MODEL=small\nUNISPEECH_COLOUR=red\n")
    monkeypatch.setenv("UNISPEECH_SETTINGS", str(file))
    with pytest.raises(OptionError, match="there is no setting UNISPEECH_COLOUR"):
        settings.read()


def test_a_request_cut_off_by_the_shutdown_gets_503(tmp_path: Path) -> None:
    """It is not logged as a failure."""
    with running(tmp_path, shutdown_timeout=1) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"POST /v1/detect HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
            time.sleep(0.5)
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            client.settimeout(60)
            response = b"".join(iter(lambda: client.recv(65536), b""))
        server.process.wait(60)
        assert response.startswith(b"HTTP/1.1 503 ") and b"retry-after: " in response.lower()
        assert response.endswith(b"the server is stopping; send the request again in a moment")
        log = server.log.read_text()
        assert "Traceback" not in log and '"status": 503' in log


def test_on_a_terminal_serve_says_what_it_offers_and_stops_with_ctrl_c(tmp_path: Path) -> None:
    here = {"UNISPEECH_DATA_DIR": str(tmp_path), "UNISPEECH_MODEL": "tiny.en"}
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "unispeech", "serve", "--port", "0"],
        env={**os.environ, **here}, stdin=terminal, stdout=terminal, stderr=terminal,
    )  # fmt: skip
    os.close(terminal)
    try:
        shown = b""
        while b"Stop" not in shown:
            shown += os.read(controller, 4096)
        (url,) = re.findall(rb"Page +(http://127.0.0.1:\d+/)", shown)
        assert httpx.get(f"{url.decode()}healthz").status_code == 200
        assert b"tiny.en" in shown and str(tmp_path).encode() in shown and b'{"' not in shown
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        os.close(controller)


def test_a_second_ctrl_c_ends_the_shutdown_without_a_traceback(tmp_path: Path) -> None:
    with (
        running(tmp_path, shutdown_timeout=600) as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        client.sendall(b"POST /v1/detect HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        time.sleep(0.5)
        assert server.process is not None
        server.process.send_signal(signal.SIGINT)
        while "stopping" not in server.log.read_text():
            time.sleep(0.05)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(60) == 130  # without the second signal: 600 s
        assert "Traceback" not in server.log.read_text()


def test_the_help_names_every_setting() -> None:
    help = CliRunner().invoke(serve, ["--help"]).output
    for name in ("UNISPEECH_DATABASE_URL", "ALLOWED_WEBHOOKS_FILE", "BASE_URL", "DISCLAIMER"):
        assert name in help


def test_the_api_reference_loads_nothing_from_other_origins(http: httpx.Client) -> None:
    page = http.get("/docs")
    assert "https://" not in page.text and "POST /v1/audio/transcriptions" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert http.get("/redoc").status_code == 404 and http.get("/openapi.json").json()["paths"]


def test_request_id_security_headers_cors_and_metrics(http: httpx.Client, service: Server) -> None:
    answer = http.get("/healthz", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    origin = {"Origin": "https://desk.example"}
    assert http.get("/healthz", headers=origin).headers["access-control-allow-origin"]
    other = http.get("/healthz", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    http.get("/api/jobs/none")
    http.request("BREW", "/healthz")
    metrics = http.get("/metrics").text
    assert 'method="GET",route="/api/jobs/{job_id}",status="404"' in metrics
    assert 'method="other"' in metrics and "BREW" not in metrics
    for name in ("jobs_queued", "audio_seconds_total", "request_seconds_bucket", "jobs_total"):
        assert f"unispeech_{name}" in metrics
    assert http.get("/").status_code == 200 and http.get("/nothing").status_code == 404


def test_paths_names_and_texts_are_not_logged_or_shown(http: httpx.Client, service: Server) -> None:
    job = submit(http, ENGLISH, filename="../../secret name.wav", email="a.person@example.org")
    until_ended(http, job)
    shown = http.get(f"/api/jobs/{job}").text + http.get(f"/v1/jobs/{job}").text
    assert str(service.folder) not in shown and "a.person@" not in shown
    log = service.log.read_text()
    for private in ("garden", "secret name", "a.person@", "s3cret"):
        assert private not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line["message"] == "request" and line["request"] for line in lines)


def test_a_plain_log_line_has_the_level_of_warnings_and_the_extra_fields() -> None:
    record = logging.makeLogRecord({"msg": "job %s", "args": ("é",), "levelno": 20, "job": "1"})
    assert PlainLines().format(record)[9:] == "job é job=1"
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    assert PlainLines().format(record)[9:] == "warning: job é job=1"


def test_a_json_log_line_is_an_object() -> None:
    record = logging.makeLogRecord({"msg": "job %s", "args": ("é",), "name": "x", "job": "1"})
    line = json.loads(JsonLines().format(record))
    assert (line["message"], line["job"], line["logger"]) == ("job é", "1", "x")


def test_warnings_and_errors_of_threads_are_json_lines() -> None:
    script = (
        "import threading, warnings; from unispeech.server.observe import logs; "
        "logs.configure('info', 'json'); warnings.warn('old'); "
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 2 and "old" in lines[0]["message"]
    assert "ZeroDivisionError" in lines[1]["error"]
