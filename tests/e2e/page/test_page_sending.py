"""Uploads: several, dropped, interrupted, and resumed after a reload."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import WAIT, Tab, needs_browser
from support.page_scene import with_silence
from support.samples import SAMPLES
from support.serving import Server, running
from support.wire import Wire

pytestmark = [pytest.mark.slow, *needs_browser]

MINUTES = 10
"""Length of the recording: 19 MB, three pieces."""
RATE = 6_000_000
"""Bytes per second: slow enough to interrupt."""
HALF = 9_000_000
DROP = """([names, sound]) => {
  const bytes = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  for (const name of names) dataTransfer.items.add(new File([bytes], name, { type: "audio/wav" }));
  for (const type of ["dragover", "drop"]) {
    document.querySelector("main").dispatchEvent(
      new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }
}"""
"""Drops files on the page."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sending")
    with running(folder, rate_limit="100000/minute") as server:
        yield server


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_silence(tmp_path_factory.mktemp("long") / "long.wav", MINUTES)


@pytest.fixture
def wire(server: Server, tab: Tab) -> Wire:
    """A slow connection through which the page is open."""
    wire = Wire(server.port, RATE)
    opened(tab, wire)
    return wire


def opened(tab: Tab, wire: Wire) -> None:
    tab.page.goto(f"http://127.0.0.1:{wire.port}")
    tab.page.get_by_role("button", name="Choose files").wait_for()


def pieces(tab: Tab) -> list[int]:
    """Offsets of the pieces sent from now on."""
    offsets: list[int] = []

    def on_request(request: Any) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    tab.page.on("request", on_request)
    return offsets


def wait_for_bytes(tab: Tab, server: Server, size: int) -> None:
    """Wait until the server has received `size` bytes of an upload."""
    with server.client() as http:
        for _ in range(1200):
            if any(
                upload["offset"] >= size for upload in http.get("/api/uploads").json()["uploads"]
            ):
                return
            tab.page.wait_for_timeout(50)
    raise AssertionError(f"{size} bytes never arrived")


def take_audio(tab: Tab, server: Server, name: str) -> bytes:
    """Audio of the newest recording of this name, which is then deleted."""
    tab.page.get_by_role("link", name=name).first.wait_for(timeout=WAIT)
    with server.client() as http:
        jobs = http.get("/api/jobs").json()["jobs"]
        newest = max(
            (job for job in jobs if job["filename"] == name), key=lambda job: job["created"]
        )
        sound = http.get(f"/api/jobs/{newest['id']}/audio").raise_for_status().content
        http.delete(f"/api/jobs/{newest['id']}").raise_for_status()
    return sound


def test_an_upload_resumes_after_a_lost_connection(
    tab: Tab, server: Server, wire: Wire, long: Path
) -> None:
    sent = pieces(tab)
    tab.page.set_input_files("input[type=file]", long)
    wait_for_bytes(tab, server, HALF)
    wire.cut()
    tab.page.get_by_text("The upload resumes by itself").wait_for(timeout=10_000)
    assert take_audio(tab, server, "long.wav") == long.read_bytes()
    begun = len([at for at in sent if at == 0])
    assert begun == 1 and any(at >= HALF and at % 1_048_576 for at in sent), sent


def test_an_upload_resumes_after_a_reload(
    chromium: Any, tab: Tab, server: Server, wire: Wire, long: Path
) -> None:
    page = tab.page
    dialogs: list[str] = []

    def accept(dialog: Any) -> None:
        dialogs.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    page.set_input_files("input[type=file]", long)
    wait_for_bytes(tab, server, HALF)
    # Browsers ask before leaving only after an interaction.
    page.get_by_role("heading", name="Your recordings").click()
    page.reload()
    assert dialogs == ["beforeunload"]
    row = page.get_by_role("listitem").filter(has_text="choose the same file again")
    row.get_by_text("long.wav").wait_for(timeout=WAIT)
    sent = pieces(tab)
    page.set_input_files("input[type=file]", long)
    assert take_audio(tab, server, "long.wav") == long.read_bytes()
    assert sent[0] >= HALF, sent
    row.wait_for(state="detached")


def test_an_upload_can_be_stopped(tab: Tab, server: Server, wire: Wire, long: Path) -> None:
    page = tab.page
    page.set_input_files("input[type=file]", [long, SAMPLES / "english.wav"])
    page.get_by_text("Waiting for the file before it").wait_for()
    wait_for_bytes(tab, server, HALF)
    page.get_by_role("button", name="Stop sending long.wav").click()
    # The next upload starts, and nothing of the stopped one stays.
    page.get_by_role("link", name="english.wav").wait_for(timeout=WAIT)
    with server.client() as http:
        assert http.get("/api/uploads").json()["uploads"] == []
    assert not page.get_by_role("link", name="long.wav").count()
    take_audio(tab, server, "english.wav")


def test_several_files_are_dropped_at_once(tab: Tab, server: Server) -> None:
    page = tab.page
    page.goto(server.url)
    page.get_by_role("button", name="Choose files").wait_for()
    sound = base64.b64encode((SAMPLES / "english.wav").read_bytes()).decode()
    names = ["one.wav", "two.wav", "drei, größer.wav"]
    page.evaluate(DROP, [names, sound])
    for name in names:
        row = page.get_by_role("listitem").filter(has_text=name)
        row.get_by_text("Done", exact=True).wait_for(timeout=WAIT)
    with server.client() as http:
        jobs = http.get("/api/jobs").json()["jobs"]
    assert {job["filename"] for job in jobs} >= set(names)
    assert tab.errors == []


def test_interrupted_uploads_are_found_when_the_server_is_back(tab: Tab, server: Server) -> None:
    page = tab.page
    page.goto(server.url)
    page.get_by_role("button", name="Choose files").wait_for()
    page.get_by_role("link", name="Live captions").click()
    page.get_by_role("button", name="Start").wait_for()
    page.context.set_offline(True)
    page.get_by_role("link", name="Recordings").click()
    notice = page.get_by_role("alert").get_by_text("cannot be reached")
    notice.wait_for()
    with server.client() as http:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "9"}
        http.post("/api/uploads", headers=headers).raise_for_status()
        page.context.set_offline(False)
        page.get_by_text("choose the same file again").wait_for(timeout=WAIT)
        notice.wait_for(state="detached")
        for upload in http.get("/api/uploads").json()["uploads"]:
            http.delete(f"/api/uploads/{upload['id']}").raise_for_status()
