"""Steps on the page that several tests share."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from support.browsing import WAIT, Tab, until
from support.samples import SAMPLES
from support.serving import Server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def upload(tab: Tab, server: Server, sample: str = "english") -> str:
    """Upload a recording, open it once its text is complete, and return its id."""
    name = f"{sample} {uuid.uuid4().hex[:6]}.wav"
    recording: Any = {
        "name": name,
        "mimeType": "audio/wav",
        "buffer": (SAMPLES / f"{sample}.wav").read_bytes(),
    }
    tab.page.goto(server.url)
    tab.page.get_by_role("button", name="Choose files").wait_for()
    tab.page.set_input_files("input[type=file]", recording)
    tab.page.get_by_role("link", name=name).click(timeout=WAIT)
    tab.page.locator(".segment").first.wait_for(timeout=WAIT)
    return str(tab.page.url).rpartition("/")[2]


def saved(tab: Tab) -> None:
    tab.page.get_by_text("Saved", exact=True).wait_for(timeout=WAIT)


def first(tab: Tab) -> Any:
    """The text of the first segment."""
    return tab.page.get_by_role("textbox", name="text").first


def added(tab: Tab, text: str) -> None:
    """Type at the end of the first segment and wait until it is saved."""
    first(tab).focus()
    tab.page.keyboard.press("Control+End")
    tab.page.keyboard.type(text)
    tab.page.get_by_text("Unsaved").wait_for()
    saved(tab)


def plays(tab: Tab) -> None:
    tab.page.locator(".text").first.click(position={"x": 60, "y": 12})
    until(tab.page, "!document.querySelector('audio').paused")
    at = tab.page.evaluate("document.querySelector('audio').currentTime")
    until(tab.page, f"document.querySelector('audio').currentTime > {at + 0.3}")


def place(tab: Tab, word: str) -> dict[str, float]:
    """Screen position of the first occurrence of a word."""
    position: dict[str, float] = tab.page.evaluate(
        """word => {
          const node = [...document.querySelectorAll(".text")]
            .map((text) => text.firstChild).find((node) => node.data.includes(word));
          const range = document.createRange();
          const at = node.data.indexOf(word);
          range.setStart(node, at);
          range.setEnd(node, at + word.length);
          const { left, right, top, height } = range.getBoundingClientRect();
          return { x: (left + right) / 2, y: top + height / 2 };
        }""",
        word,
    )
    return position


def caret(tab: Tab, letter: int) -> None:
    """Put the caret before a character of the first segment."""
    tab.page.evaluate(
        """letter => {
          const text = document.querySelector(".text");
          text.focus();
          getSelection().collapse(text.firstChild, letter);
        }""",
        letter,
    )


def give_key(page: Page | Locator, key: str) -> None:
    """Enter a key on the page or in the dialog."""
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Continue").click()
