"""Every view and dialog of the page and the way to it: for axe, narrow screens and pictures.

`scene()` starts what they show: a server with recordings of our own samples, and an empty one that
wants a key. `VIEWS` opens each, and waits until it stands still.
"""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from browsing import until
from conftest import SAMPLES
from recordings import talking_video
from serving import Server, running, until_ended

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

WAIT = 90_000
"""Milliseconds: the first decoding loads the weights."""
LONG = 40
"""Minutes of the recording that is still decoded while it is looked at."""


@dataclass(frozen=True, slots=True)
class Scene:
    full: Server
    empty: Server
    """Nothing is in it, and it wants a key."""
    key: str
    interview: str
    """The job with speakers, doubtful words and a gap."""
    film: str
    going: str
    """A job that is decoded for as long as it is looked at."""


@contextmanager
def scene(folder: Path, minutes: int = LONG) -> Iterator[Scene]:
    for name in ("full", "empty"):
        (folder / name).mkdir()
    with (
        running(folder / "full", rate_limit="100000/minute", jobs_at_once=1) as full,
        locked(folder / "empty") as (empty, key),
        full.client() as http,
    ):
        interview = submitted(http, joined(folder / "Garden walk, first interview.wav", 2))
        film = submitted(http, talking_video(folder / "The gate.webm", SAMPLES / "pause.wav"))
        (folder / "Notes by mistake.mp3").write_text("This is not sound.\n")
        broken = submitted(http, folder / "Notes by mistake.mp3")
        for job in (interview, film, broken):
            until_ended(http, job)
        corrected(http, interview)
        # After the others, for it takes as long as it is looked at; and two wait behind it.
        going = submitted(http, joined(folder / "River, the whole afternoon.wav", minutes * 2))
        for name in ("Phone call.wav", "Council meeting, part 2.wav"):
            submitted(http, joined(folder / name, 1))
        yield Scene(full, empty, key, interview, film, going)
        for job in http.get("/api/jobs").json()["jobs"]:
            http.delete(f"/api/jobs/{job['id']}")


@contextmanager
def locked(folder: Path) -> Iterator[tuple[Server, str]]:
    """A server that wants a key, and one."""
    server = Server(folder, require_keys="true", rate_limit="100000/minute")
    made = subprocess.run(
        [sys.executable, "-m", "unispeech", "keys", "create", "desk"],
        env={**os.environ, **server.environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    try:
        yield server.start(), made.stdout.split()[-1]
    finally:
        server.stop()


def joined(path: Path, times: int) -> Path:
    """The two English samples one after the other, so many times."""
    with wave.open(str(path), "wb") as file:
        for number in range(2 * times):
            with wave.open(str(SAMPLES / f"{('english', 'pause')[number % 2]}.wav")) as clip:
                if not number:
                    file.setparams(clip.getparams())
                file.writeframes(clip.readframes(clip.getnframes()))
    return path


def submitted(http: httpx.Client, path: Path) -> str:
    with path.open("rb") as file:
        made = http.post(
            "/api/jobs", files={"file": (path.name, file)}, data={"word_timestamps": "true"}
        )
    return str(made.raise_for_status().json()["id"])


def corrected(http: httpx.Client, job: str) -> None:
    """Who speaks, some words that the model doubts, and a stretch it has left out."""
    found = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    for segment in found:
        segment["speaker"] = "Gardener" if "ood morning" in segment["text"] else "Visitor"
        if "roses" in segment["text"]:
            segment["speaker"] = "Gardener"
        for word in segment["words"]:
            word["probability"] = 0.9
            if word["word"].strip() in ("bloom", "bread"):
                word["probability"] = 0.31
    kept = [
        {name: one[name] for name in ("start", "end", "text", "speaker", "words")} for one in found
    ]
    gap = {"start": 15.0, "end": 20.8, "reason": "speech without text"}
    put = http.put(
        f"/api/jobs/{job}/transcript",
        json={"segments": kept, "gaps": [gap]}, headers={"If-Match": "*"},
    )  # fmt: skip
    put.raise_for_status()


# The way to each view


def _list(page: Page, scene: Scene) -> None:
    page.goto(scene.full.url)
    page.get_by_role("link", name="Garden walk").wait_for(timeout=WAIT)


def _options(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.locator(".options > summary").click()


def _link(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.get_by_role("button", name="Paste a link").click()


def _record(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.get_by_role("button", name="Record").click()
    page.get_by_text("0:02").wait_for()


def _delete(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.get_by_role("button", name="More for Garden walk").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").wait_for()


def _key(page: Page, scene: Scene) -> None:
    page.goto(scene.empty.url)
    page.get_by_label("API key").wait_for()


def _empty(page: Page, scene: Scene) -> None:
    _key(page, scene)
    page.get_by_label("API key").fill(scene.key)
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Nothing here yet").wait_for()


def _waiting(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/job/{scene.going}")
    page.locator(".live p").nth(3).wait_for(timeout=WAIT)


def _editor(page: Page, scene: Scene, job: str = "") -> None:
    page.goto(f"{scene.full.url}/#/job/{job or scene.interview}")
    page.locator(".segment").first.wait_for(timeout=WAIT)


def _hearing(page: Page, scene: Scene) -> None:
    """In the middle, with a word that sounds."""
    _editor(page, scene)
    page.locator(".text").nth(1).click(position={"x": 90, "y": 12})
    until(page, "document.querySelector('audio').currentTime > 5")
    page.keyboard.press("Escape")


def _film(page: Page, scene: Scene) -> None:
    _editor(page, scene, scene.film)
    page.evaluate("document.querySelector('video').currentTime = 1.5")
    until(page, "document.querySelector('video').textTracks[0].activeCues?.length > 0")


def _find(page: Page, scene: Scene) -> None:
    _editor(page, scene)
    page.keyboard.press("Control+h")
    page.keyboard.type("the")


def _menu(page: Page, scene: Scene) -> None:
    _editor(page, scene)
    page.locator(".text").first.focus()
    page.keyboard.press("Alt+m")
    page.get_by_role("menu").wait_for()


def _pressed(key: str) -> Callable[[Page, Scene], None]:
    def open(page: Page, scene: Scene) -> None:
        _editor(page, scene)
        page.locator(".text").first.focus()
        page.keyboard.press(key)
        page.get_by_role("dialog").wait_for()

    return open


def _history(page: Page, scene: Scene) -> None:
    _editor(page, scene)
    page.locator(".toolbar").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="History").click()
    page.locator(".revisions input").nth(1).check()
    page.locator(".preview p").first.wait_for()


def _conflict(page: Page, scene: Scene) -> None:
    """Two windows change the same place; this one is offline until the other has saved."""
    _editor(page, scene)
    page.context.set_offline(True)
    page.locator(".text").first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Yours!")
    with scene.full.client() as http:
        place = f"/api/jobs/{scene.interview}/transcript"
        there = http.get(place).json()
        segments = [
            {name: one[name] for name in ("start", "end", "text", "speaker", "words")}
            for one in there["segments"]
        ]
        before = [{**one} for one in segments]
        segments[0]["text"] += " Theirs!"
        http.put(place, json={"segments": segments}, headers={"If-Match": "*"}).raise_for_status()
        page.context.set_offline(False)
        page.get_by_role("dialog").wait_for()
        http.put(place, json={"segments": before}, headers={"If-Match": "*"}).raise_for_status()


def _export(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/job/{scene.interview}/export")
    page.locator(".formats").wait_for()


def _live(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/live")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("welcome to the garden").wait_for(timeout=WAIT)
    page.locator("#captions .open").filter(has_text="r").wait_for(timeout=WAIT)


def _big(page: Page, scene: Scene) -> None:
    _live(page, scene)
    page.get_by_role("button", name="Big text").click()


def _gone(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/job/nothing")
    page.get_by_role("heading", name="There is no such thing here").wait_for()


VIEWS: dict[str, Callable[[Page, Scene], None]] = {
    "list": _list,
    "waiting": _waiting,
    "options": _options,
    "link": _link,
    "record": _record,
    "delete": _delete,
    "key": _key,
    "list-empty": _empty,
    "editor": _hearing,
    "film": _film,
    "find": _find,
    "menu": _menu,
    "keys": _pressed("Alt+h"),
    "times": _pressed("Alt+t"),
    "again": _pressed("Alt+a"),
    "history": _history,
    "conflict": _conflict,
    "export": _export,
    "live": _live,
    "live-big": _big,
    "gone": _gone,
}


def settled(context: BrowserContext, open: Callable[[Page, Scene], None], scene: Scene) -> Any:
    """A tab in which a view stands open and nothing moves any more."""
    page = context.new_page()
    open(page, scene)
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    return page
