"""Download of a recording from a URL, never from a private address."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.samples import SAMPLES
from support.serving import running, until_ended
from unispeech.server.jobs import fetch
from unispeech.server.service_errors import FetchFailed

ENGLISH = SAMPLES / "english.wav"


@contextmanager
def site() -> Iterator[str]:
    """Serve a recording at `/talk%201.wav`, redirects to X at `/to/X`, and 404 elsewhere."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_recording = self.path == "/talk%201.wav"
            is_redirect = self.path.startswith("/to/")
            self.send_response(200 if is_recording else 302 if is_redirect else 404)
            if is_redirect:
                self.send_header("Location", self.path.removeprefix("/to/"))
            body = ENGLISH.read_bytes() if is_recording else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_job_downloads_a_url_and_reports_its_status(tmp_path: Path) -> None:
    """The URL is on this machine, which `fetch_private` allows."""
    with site() as url, running(tmp_path, fetch_private=True) as server, server.client() as http:
        answer = http.post("/api/jobs", files={"url": (None, f"{url}/to//talk%201.wav")})
        assert answer.status_code == 201 and answer.json()["filename"] == "talk 1.wav"
        assert until_ended(http, answer.json()["id"])["state"] == "done"
        missing = http.post("/api/jobs", files={"url": (None, f"{url}/none.wav")})
        assert missing.status_code == 400 and "404" in missing.text


def download(tmp_path: Path, url: str) -> str:
    """Download and return the file name. 127.0.0.1 counts as public here."""

    def allowed(address: str) -> bool:
        return address == "127.0.0.1" or fetch.is_public(address)

    return asyncio.run(fetch.fetch(url, tmp_path / "got", 10_000_000, allowed))


def test_redirects_to_private_addresses_are_not_followed(tmp_path: Path) -> None:
    with site() as url:
        assert download(tmp_path, f"{url}/to/{url}/talk%201.wav") == "talk 1.wav"
        assert (tmp_path / "got").read_bytes() == ENGLISH.read_bytes()
        port = url.rpartition(":")[2]
        for inside in (f"http://127.0.0.2:{port}/", "http://[::1]/", "http://169.254.169.254/",
                       "http://10.0.0.1/", "//0.0.0.0/", f"http://0x7f000002:{port}/"):  # fmt: skip
            with pytest.raises(FetchFailed, match="not at a public address"):
                download(tmp_path, f"{url}/to/{inside}")
        with pytest.raises(FetchFailed, match="not http"):
            download(tmp_path, f"{url}/to/file:///etc/passwd")
        with pytest.raises(FetchFailed, match="redirects more than 5 times"):
            download(tmp_path, f"{url}/to/" * 7 + "x")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::",
     "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1", "::127.0.0.1", "fec0::1", "::ffff:0:127.0.0.1",
     "192.88.99.1", "2002:c058:6301::1", "::", "ff02::1", "100::1", "2001:db8::1", "3fff::1",
     "5f00::1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::8.8.8.8",
     "::ffff:0:8.8.8.8", "::ffff:8.8.8.8", "4000::1"],
)  # fmt: skip
def test_private_addresses_are_not_public(address: str) -> None:
    assert not fetch.is_public(address)


def test_public_addresses_and_malformed_urls() -> None:
    for address in ("93.184.216.34", "2606:4700::1111", "64:ff9b::93.184.216.34"):
        assert fetch.is_public(address)
    pasted = "https://a.example/Größe 1.mp3?x=a%20b#c"
    assert fetch._escaped(pasted) == "https://a.example/Gr%C3%B6%C3%9Fe%201.mp3?x=a%20b#c"
    for url in ("file:///etc/passwd", "gopher://x/", "http://", "http://x:99999/", "x",
                "http://[/", "http://\0/", "http://ä.example/"):  # fmt: skip
        with pytest.raises(FetchFailed):
            fetch._escaped(url)
