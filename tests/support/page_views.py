"""Every view and dialog of the page, for axe, narrow screens and screenshots.

The functions of `VIEWS` open each view with the recordings of `page_scene.scene()` and wait until
it is complete.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from support.browsing import WAIT, until
from support.page_scene import Scene
from support.page_steps import give_key

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


NOTICE = """async () => {
  const { say } = await import(new URL("static/messages.js", document.baseURI));
  say("Transcribed again.", { label: "Take the new text", run: () => {} });
}"""


def _list(page: Page, scene: Scene) -> None:
    page.goto(scene.full.url)
    until(page, "document.querySelector('.rows')?.offsetHeight > 0")
    link = page.get_by_role("link", name="Garden walk")
    if not link.count():  # on a phone: rows that are out of sight are not in the document
        page.evaluate("document.querySelector('.rows').scrollIntoView()")
    link.wait_for(timeout=WAIT)


def _found(page: Page, scene: Scene) -> None:
    """A search, with a recording that is chosen."""
    _list(page, scene)
    page.get_by_role("searchbox").fill("garden")
    page.locator(".found mark").first.wait_for(timeout=WAIT)
    page.get_by_role("checkbox").first.check()


def _tags(page: Page, scene: Scene) -> None:
    _found(page, scene)
    page.get_by_role("toolbar").get_by_role("button", name="Tags").click()
    page.get_by_role("dialog").wait_for()


def _options(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.locator(".options summary").click()


def _lists(page: Page, scene: Scene) -> None:
    """The vocabulary lists, of which one is chosen."""
    _list(page, scene)
    page.get_by_role("button", name="City council").click()
    page.get_by_role("button", name="Edit lists").click()
    page.get_by_role("dialog").wait_for()


def _vocabulary(page: Page, scene: Scene) -> None:
    _lists(page, scene)
    page.get_by_role("dialog").get_by_role("button", name="City council").click()
    page.get_by_label("Names and terms", exact=True).wait_for()


def _link(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.get_by_role("button", name="Paste a link").click()


def _record(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.get_by_role("button", name="Record", exact=True).click()
    page.get_by_text("0:02", exact=True).wait_for()


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
    give_key(page, scene.key)
    page.get_by_text("Nothing here yet").wait_for()


def _waiting(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/job/{scene.going}")
    page.locator(".live p").nth(3).wait_for(timeout=WAIT)


def _editor(page: Page, scene: Scene, job: str = "") -> None:
    page.goto(f"{scene.full.url}/#/job/{job or scene.interview}")
    page.locator(".segment").first.wait_for(timeout=WAIT)


def _hearing(page: Page, scene: Scene) -> None:
    """In the middle of the recording, with a highlighted word."""
    _editor(page, scene)
    page.locator(".text").nth(1).click(position={"x": 90, "y": 12})
    until(page, "document.querySelector('audio').currentTime > 5")
    page.keyboard.press("Escape")


def _film(page: Page, scene: Scene) -> None:
    _editor(page, scene, scene.film)
    page.evaluate("document.querySelector('video').currentTime = 1.5")
    until(page, "document.querySelector('video').textTracks[0]?.activeCues?.length > 0")


def _more(page: Page, action: str) -> None:
    page.locator(".toolbar").get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name=action).click()


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


def _restart(page: Page, scene: Scene) -> None:
    _editor(page, scene)
    _more(page, "Transcribe again")
    page.get_by_role("dialog").wait_for()


def _chosen(page: Page, scene: Scene) -> None:
    _editor(page, scene)
    page.locator(".text").nth(1).focus()
    for _ in range(3):
        page.keyboard.press("Control+Shift+ArrowDown")
    page.get_by_text("3 segments").first.wait_for()


def _history(page: Page, scene: Scene) -> None:
    _editor(page, scene)
    _more(page, "History")
    page.locator(".revisions input").nth(1).check()
    page.locator(".preview p").first.wait_for()


def _conflict(page: Page, scene: Scene) -> None:
    """Two windows change the same segment; this one is offline until the other has saved."""
    _editor(page, scene)
    page.context.set_offline(True)
    page.locator(".text").first.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Yours!")
    with scene.full.client() as http:
        path = f"/api/jobs/{scene.interview}/transcript"
        transcript = http.get(path).json()
        segments = [
            {name: segment[name] for name in ("start", "end", "text", "speaker", "words")}
            for segment in transcript["segments"]
        ]
        before = [{**segment} for segment in segments]
        segments[0]["text"] += " Theirs!"
        http.put(path, json={"segments": segments}, headers={"If-Match": "*"}).raise_for_status()
        page.context.set_offline(False)
        page.get_by_role("dialog").wait_for()
        http.put(path, json={"segments": before}, headers={"If-Match": "*"}).raise_for_status()


def _translation(page: Page, scene: Scene) -> None:
    _editor(page, scene, scene.german)
    page.locator(".beside:not([hidden])").first.wait_for()


def _desk(tab: str) -> Callable[[Page, Scene], None]:
    def open(page: Page, scene: Scene) -> None:
        _editor(page, scene)
        button = page.locator(f"#desk-{tab}")
        if not button.is_visible():  # in a narrow window
            _more(page, "Show or hide the panel")
        button.click()

    return open


def _export(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/job/{scene.interview}/export")
    page.locator(".formats").wait_for()


def _layout(page: Page, scene: Scene) -> None:
    _export(page, scene)
    page.locator(".violations p").first.wait_for()
    page.locator("#layout-title").evaluate("heading => heading.scrollIntoView()")


def _share(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/job/{scene.interview}/share")
    page.get_by_role("button", name="Revoke the link: The photo desk").wait_for()


def _shared(page: Page, scene: Scene) -> None:
    page.goto(scene.link)
    page.locator(".segment").first.wait_for(timeout=WAIT)


def _choices(page: Page, scene: Scene) -> None:
    _list(page, scene)
    page.get_by_role("button", name="Appearance and language").click()
    page.get_by_role("menu").wait_for()


def _live(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/live")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("welcome to the garden").wait_for(timeout=WAIT)
    page.locator("#captions .open").filter(has_text="r").wait_for(timeout=WAIT)


def _big(page: Page, scene: Scene) -> None:
    _live(page, scene)
    page.get_by_role("button", name="Big text").click()


def _live_link(page: Page, scene: Scene) -> None:
    """The dialog with the link for others to watch."""
    page.goto(f"{scene.full.url}/#/live")
    page.get_by_role("button", name="Let others watch").click()
    page.get_by_label("Others can watch").check()


def _captions(page: Page, scene: Scene) -> None:
    """The captions of another window, by link."""
    speaking = page.context.new_page()
    _live_link(speaking, scene)
    link = speaking.get_by_role("link", name="Open").get_attribute("href")
    speaking.get_by_role("button", name="Close").last.click()
    speaking.get_by_role("button", name="Start").click()
    page.goto(f"{link}?lines=4&background=black")
    page.bring_to_front()
    page.locator(".lines").filter(has_text="garden").wait_for(timeout=WAIT)


def _notices(page: Page, scene: Scene) -> None:
    """An error, and a notice with an action."""
    _list(page, scene)
    empty: Any = {"name": "Empty.wav", "mimeType": "audio/wav", "buffer": b""}
    page.set_input_files("input[type=file]", empty)
    page.evaluate(NOTICE)
    page.get_by_role("status").get_by_role("button", name="Take the new text").wait_for()


def _gone(page: Page, scene: Scene) -> None:
    page.goto(f"{scene.full.url}/#/job/nothing")
    page.get_by_role("heading", name="Page not found").wait_for()


VIEWS: dict[str, Callable[[Page, Scene], None]] = {
    "waiting": _waiting,
    "list": _list,
    "list-found": _found,
    "tags": _tags,
    "options": _options,
    "vocabulary-lists": _lists,
    "vocabulary": _vocabulary,
    "link": _link,
    "record": _record,
    "delete": _delete,
    "choices": _choices,
    "notices": _notices,
    "key": _key,
    "list-empty": _empty,
    "editor": _hearing,
    "film": _film,
    "find": _find,
    "menu": _menu,
    "keys": _pressed("Alt+h"),
    "times": _pressed("Alt+t"),
    "again": _pressed("Alt+a"),
    "restart": _restart,
    "chosen": _chosen,
    "history": _history,
    "conflict": _conflict,
    "translation": _translation,
    "desk-checks": _desk("checks"),
    "desk-outline": _desk("outline"),
    "desk-history": _desk("history"),
    "export": _export,
    "layout": _layout,
    "share": _share,
    "shared": _shared,
    "live": _live,
    "live-big": _big,
    "live-link": _live_link,
    "captions": _captions,
    "gone": _gone,
}


def settled(context: BrowserContext, open: Callable[[Page, Scene], None], scene: Scene) -> Any:
    """A tab with an open view in which nothing moves any more."""
    page = context.new_page()
    open(page, scene)
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    return page
