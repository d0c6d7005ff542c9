"""WAAS's own tests and page against a server: waas.py FOLDER

FOLDER is a copy of the repository schibsted/WAAS. Nothing in it is changed. The tests import a
package `src`, for which `waas_stand_in` stands: its test client sends each request to the server.
They need openai-whisper, and the weights of `tiny` for the detection of the language.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from email import message_from_bytes
from email.policy import default
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from support.browsing import CHROMIUM, browser
from support.clients import SCRIPTS, served
from support.samples import SAMPLES
from support.serving import free_port

NEED_REDIS = ["tests/test_main.py::test_stats"]
ADDRESS = "reader+news@example.org"


def run_tests(repository: Path, url: str, tiny: str) -> int:
    """Run WAAS's tests in a copy of their folder, and return pytest's exit status.

    `tiny` is the model that they use in place of `tiny`.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(repository / "tests", Path(folder) / "tests")
        copy = Path(folder) / "tests" / "test_main.py"
        text = copy.read_text(encoding="utf-8")
        copy.write_text(text.replace("model=tiny&", f"model={tiny}&"), encoding="utf-8")
        shutil.copytree(SCRIPTS / "waas_stand_in" / "src", Path(folder) / "src")
        packages = str(Path(folder) / "packages")
        install = [sys.executable, "-m", "pip", "install", "-q", "--target", packages]
        subprocess.run([*install, "redis", "requests-mock"], check=True)
        paths = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), packages])
        skipped = [f"--deselect={name}" for name in NEED_REDIS]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-v",
            "-p",
            "no:cacheprovider",
            *skipped,
            "tests",
        ]
        environment = {**os.environ, "SERVER": url, "PYTHONPATH": paths}
        return subprocess.run(command, cwd=folder, env=environment).returncode


class Page(SimpleHTTPRequestHandler):
    """WAAS's page from its folder; requests of its API go to the server."""

    def __init__(self, *arguments: Any, url: str, repository: Path) -> None:
        self._url, self._repository = url, repository
        super().__init__(*arguments, directory=str(repository / "src"))

    def do_GET(self) -> None:
        if self.path == "/":
            text = (self._repository / "src/templates/index.html").read_text(encoding="utf-8")
            self._answer(200, re.sub(r"{%.*?%}|{{.*?}}", "", text).encode(), "text/html")
        elif self.path.startswith("/v1/"):
            self._forward("GET")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self._forward("POST")

    def do_OPTIONS(self) -> None:
        self._forward("OPTIONS")

    def _forward(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = httpx.request(method, self._url + self.path, content=body, timeout=120)
        self._answer(answer.status_code, answer.content, answer.headers["content-type"])

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def run_page(repository: Path, url: str, model: str) -> None:
    """Upload a recording in WAAS's page, and wait for its links."""
    handler = partial(Page, url=url, repository=repository)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with browser() as chromium:
        tab = chromium.new_page()
        tab.goto(f"http://127.0.0.1:{server.server_port}/")
        tab.set_input_files("#file-upload", str(SAMPLES / "english.wav"))
        tab.click("text=Next")
        tab.fill("#email", ADDRESS)
        tab.click("text=Advanced settings")
        tab.select_option("#model", model)
        tab.click("text=Lets go!")
        tab.wait_for_selector("text=Your file is ready", timeout=120_000)
        links = tab.locator("a.button").evaluate_all("all => all.map((a) => a.href)")
        assert len(links) == 5, links
        for link in links:
            assert httpx.get(link, timeout=60).status_code == 200, link
    server.shutdown()


class Mailbox:
    """Handler of aiosmtpd that stores messages."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(envelope.content)
        return "250 OK"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--model", default="tiny.en", help="model of the page's upload")
    parser.add_argument(
        "--tiny", default="tiny", help="model of the tests, where tiny cannot be downloaded"
    )
    arguments = parser.parse_args()
    from aiosmtpd.controller import Controller

    mailbox = Mailbox()
    smtp = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    smtp.start()
    webhooks = arguments.repository / "tests/fixtures/allowed_webhooks.json"
    # As in WAAS's tests, no worker takes the jobs from the queue.
    with served(
        waas_model="tiny", allowed_webhooks_file=webhooks.resolve(), jobs_at_once=0
    ) as server:
        status = run_tests(arguments.repository, server.url, arguments.tiny)
    with served(email_sender_host="127.0.0.1", email_sender_port=smtp.port) as server:
        if CHROMIUM:
            run_page(arguments.repository, server.url, arguments.model)
            deadline = time.monotonic() + 60
            recipients: set[str] = set()
            while ADDRESS not in recipients and time.monotonic() < deadline:
                time.sleep(0.5)
                parsed = [message_from_bytes(m, policy=default) for m in mailbox.messages]
                recipients = {str(message["To"]) for message in parsed}
            assert ADDRESS in recipients, recipients
            print("the page: passed")
        else:
            print("the page was not run: Chromium is not installed")
    smtp.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
