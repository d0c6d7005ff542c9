"""Recordings at URLs, on a local server."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.samples import SAMPLES, reference, words
from unispeech.cli import cli, names, urls
from unispeech.cli.urls import DownloadFailed, Limits

ENGLISH = SAMPLES / "english.wav"
AMPLE = Limits(10_000_000, 60.0)


class Site(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.path.startswith("/moved"):
            self._answer(302, b"", Location="/a/talk.wav")
        elif self.path == "/page":
            self._answer(200, b"\n<!DOCTYPE html><title>x</title>")
        elif self.path.startswith(("/endless", "/slow")):
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for _ in itertools.count() if self.command == "GET" else ():
                    self.wfile.write(bytes(1 << 16))
                    time.sleep(0.2 if self.path.startswith("/slow") else 0)
        elif self.path.partition("?")[0].endswith("/talk.wav"):
            self._answer(200, ENGLISH.read_bytes())
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    pytest.importorskip("aiohttp")
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("path", ["/a/talk.wav", "/moved"])
def test_a_recording_is_downloaded(site: str, path: str, tmp_path: Path) -> None:
    with urls.opened(site + path, tmp_path, AMPLE) as file:
        assert file.name == site + path and file.read() == ENGLISH.read_bytes()


@pytest.mark.parametrize(
    ("path", "limits", "reason"),
    [
        ("/endless", Limits(1_000_000, 60.0), "--max-download"),
        ("/slow", Limits(10**9, 1.0), "--download-timeout"),
        ("/page", AMPLE, "web page"),
        ("/missing.wav", AMPLE, "not downloaded"),
    ],
)
def test_a_download_that_fails_is_one_clear_error(
    site: str, path: str, limits: Limits, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(DownloadFailed, match=reason) as error:
        urls.opened(site + path, tmp_path, limits)
    assert str(error.value).startswith(site + path) and "\n" not in str(error.value)


def test_an_unknown_scheme_and_a_dead_host_are_clear_errors(tmp_path: Path) -> None:
    for url in ("nothing://host/talk.wav", "http://127.0.0.1:9/talk.wav"):
        with pytest.raises(DownloadFailed):
            urls.opened(url, tmp_path, AMPLE)


def test_yt_dlp_downloads_within_limits(site: str, tmp_path: Path) -> None:
    """With its generic extractor, since the sites that it knows cannot be reached here."""
    pytest.importorskip("yt_dlp")
    path = urls._by_yt_dlp(f"{site}/a/talk.wav", tmp_path, AMPLE)
    assert path.read_bytes() == ENGLISH.read_bytes()
    assert urls._is_page("https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    assert not urls._is_page(f"{site}/a/talk.wav")


def test_urls_have_names_of_their_own(tmp_path: Path) -> None:
    addresses = [
        "https://host/a/talk.mp3?signature=1", "https://host/b/talk.mp3", "s3://bucket/x%20y.wav",
        "https://host/watch?v=a/b", "https://host/",
    ]  # fmt: skip
    paths = [urls.as_path(address) for address in addresses]
    given = names.claim(tmp_path, paths)
    assert given == ["a-talk", "b-talk", "x y", "watch-v=a-b", "download"]
    assert names.claim(tmp_path, paths[::-1]) == given[::-1]
    assert urls.as_path("https://host/a/talk.mp3?signature=2") == paths[0]
    assert not urls.is_url("C:/talk.wav") and not urls.is_url("talk.wav")


def test_the_command_line_transcribes_urls(site: str, tmp_path: Path) -> None:
    command = [
        "transcribe", f"{site}/a/talk.wav", f"{site}/missing.wav", str(ENGLISH), "--model",
        "tiny.en", "-q", "-o", str(tmp_path),
    ]  # fmt: skip
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 1 and f"{site}/missing.wav" in result.output
    for name in ("talk.txt", "english.txt"):
        assert words((tmp_path / name).read_text()) == words(reference("english"))
    again = CliRunner().invoke(cli, [*command[:2], *command[3:], "--skip-existing"])
    assert again.exit_code == 0 and not again.output
