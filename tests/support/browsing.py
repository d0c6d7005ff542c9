"""A real browser for the page, and the errors in its console."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

WAIT = 90_000
"""Milliseconds to wait for a decoding. The first one loads the weights."""
CHROMIUM = os.environ.get("UNISPEECH_TEST_CHROMIUM") or shutil.which("chromium") or ""
DISABLED_FEATURES = [
    # Closing a page or a context waits forever if it meets the commit of a navigation:
    # https://github.com/microsoft/playwright/issues/42068, https://crbug.com/536385539
    "RenderDocument",
    # The flag replaces Playwright's own list. These are its entries that concern our tests.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
]
FLAGS = [
    f"--disable-features={','.join(DISABLED_FEATURES)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

needs_browser = [
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
    # Playwright warns inside its own event loop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


def microphone(clip: Path) -> list[str]:
    """Flags for a browser whose microphone plays a WAV once, without a permission prompt."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={clip}%noloop",
    ]


@contextmanager
def browser(*flags: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def with_sound(other: Browser, *flags: str) -> Iterator[Browser]:
    """Another browser, whose tabs have sound: Playwright mutes those of all others."""
    launched = other.browser_type.launch(
        executable_path=CHROMIUM, args=[*FLAGS, *flags], ignore_default_args=["--mute-audio"]
    )
    try:
        yield launched
    finally:
        launched.close()


class Tab:
    """A page and the errors in its console."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)

    def _on_console(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)


def until(page: Page, expression: str, seconds: float = 60.0) -> None:
    """Wait for an expression to be true. The page's policy forbids Playwright's own way (eval)."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def files(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP."""
    serving = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{serving.server_port}"
    finally:
        serving.shutdown()
        serving.server_close()
