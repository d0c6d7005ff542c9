"""Views and dialogs pass axe and fit narrow screens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.browsing import browser, microphone, needs_browser
from support.page_scene import Scene, scene
from support.page_views import VIEWS, settled
from support.samples import SAMPLES

pytestmark = [pytest.mark.slow, *needs_browser]

SCHEMES: list[Any] = ["light", "dark"]
NARROW = (640, 320)
"""Pixels: 1280 at 200 %, and a small phone."""
BEYOND = """width => [...document.querySelectorAll("main *, dialog[open] *, .menu *")]
  .filter((element) => element.checkVisibility() && element.getClientRects().length)
  .filter((element) => !element.closest(".unseen, .skip, .waveform"))
  .filter((element) => getComputedStyle(element).clipPath === "none")
  .filter((element) => element.getBoundingClientRect().right > width + 1)
  .map((element) => element.outerHTML.slice(0, 120))"""
"""Elements beyond the right edge of the window."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("views")) as shown:
        yield shown


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(*microphone(SAMPLES / "english.wav")) as launched:
        yield launched


@pytest.mark.parametrize("name", VIEWS)
def test_views_pass_axe_and_fit_narrow_screens(chromium: Any, shown: Scene, name: str) -> None:
    """In light and dark, and at every width in `NARROW`."""
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", permissions=["microphone"],
        reduced_motion="reduce",  # a fading colour belongs to neither scheme
    )  # fmt: skip
    page = settled(context, VIEWS[name], shown)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(300)
        violations = Axe().run(page).response["violations"]
        wrong = [
            (violation["id"], [node["html"] for node in violation["nodes"][:3]])
            for violation in violations
        ]
        assert wrong == [], scheme
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(BEYOND, width) == [], width
    context.close()
    if name == "waiting":  # the first view; the others need the processor
        with shown.full.client() as http:
            http.post(f"/api/jobs/{shown.going}/cancel").raise_for_status()
