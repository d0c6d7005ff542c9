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

COLOURS: dict[str, Any] = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""Rules of axe that a dark scheme can break; the others depend on the document alone."""
FRAMES = 150
"""Milliseconds until a change of the window or the scheme is drawn."""
NARROW = (640, 320)
"""Pixels: 1280 at 200 %, and a small phone."""
BEYOND = """width => [...document.querySelectorAll("main *, dialog[open] *, .menu *")]
  .filter((element) => element.checkVisibility() && element.getClientRects().length)
  .filter((element) => !element.closest(".unseen, .skip, .waveform"))
  .filter((element) => getComputedStyle(element).clipPath === "none")
  .filter((element) => element.getBoundingClientRect().right > width + 1)
  .map((element) => element.outerHTML.slice(0, 120))"""
"""Elements beyond the right edge of the window."""

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 664}
COVERED = """() => {
  const area = document.querySelector(".menu:popover-open") ??
    [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  const controls = "a[href], button, input, select, textarea, summary, meter, [role^=menuitem]";
  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    element.getClientRects().length && !element.closest(".skip, [inert]") &&
    !getComputedStyle(element).clipPath.startsWith("inset");
  return [...area.querySelectorAll(controls)].filter(isSeen).flatMap((control) => {
    control.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const { left, top, width, height } = control.getClientRects()[0];
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    if (hit && (control.contains(hit) || hit.contains(control) && hit.matches("label"))) return [];
    const name = (element) => element?.outerHTML.slice(0, 120) ?? "outside the window";
    return [`${name(control)} is behind ${name(hit)}`];
  });
}"""
"""Visible controls that no click at their centre reaches; under a dialog or menu, only its own."""
UNMATCHED = r"""() => {
  const states = [
    /:not\(:(focus|active|hover)\)/g,
    /::[a-z-]+(\([\w-]+\))?/g,
    /:(hover|focus|focus-visible|active|disabled|user-invalid|empty|dir\([a-z]+\))(?![a-z-])/g,
  ];
  const parts = (list) => list.split(/,(?![^()]*\))/);
  const still = (selector) =>
    states.reduce((text, state) => text.replace(state, ""), selector).trim()
      .replace(/^$|^(?=>)/, "*").replace(/>$/, "> *");
  const unmatched = [];
  const walk = (rules, parent) => {
    for (const rule of rules) {
      const selectors = rule.selectorText ? parts(rule.selectorText) : [];
      const nested = !parent ? selectors : selectors.map((part) =>
        part.includes("&") ? part.replaceAll("&", `:is(${parent})`) : `:is(${parent}) ${part}`);
      for (const selector of nested.filter((one) => !document.querySelector(still(one))))
        unmatched.push(selector);
      walk(rule.cssRules ?? [], nested.length ? nested.join(",") : parent);
    }
  };
  for (const sheet of document.styleSheets) walk(sheet.cssRules, "");
  return unmatched;
}"""
"""Selectors of our style sheets that match nothing in the view, whatever its state."""

ELSEWHERE = (
    ".printed",  # only while the browser prints
    ".saved).offline", ".saved).refused", ".note progress", ".segment.chosen", "[data-grade=",
    ".places) .seen",  # doubtful places that were looked at
    ".places) .soft",  # no doubtful place, or more than the list shows
    ".desk)[hidden]",  # closed
    "[data-colour=",  # a recording with up to eight speakers
    ".intake).over",  # while a file is dragged
    ".job).sending >",  # while a file is sent
    ".options) .why",  # a backend that refuses an option
    "dialog) > form.sheet",  # a key that expires in the editor
    ":root[data-theme",
    ".loading",  # while a view is late
    ".unloaded",  # rows whose page is on its way
)  # fmt: skip
"""Selectors of states that the views above do not have."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("views")) as shown:
        yield shown


@pytest.fixture(scope="module")
def unmatched() -> dict[str, set[str]]:
    """Selectors without a match in each view that a test has opened."""
    return {}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser(*microphone(SAMPLES / "english.wav")) as launched:
        yield launched


@pytest.mark.parametrize("name", VIEWS)
def test_views_pass_axe_and_fit_narrow_screens(
    chromium: Any, shown: Scene, unmatched: dict[str, set[str]], name: str
) -> None:
    """In light and dark, and at every width in `NARROW`. A click reaches every control."""
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(
        viewport=DESK, locale="en-GB", permissions=["microphone"],
        reduced_motion="reduce",  # a fading colour belongs to neither scheme
    )  # fmt: skip
    page = settled(context, VIEWS[name], shown)
    unmatched[name] = set(page.evaluate(UNMATCHED))
    axe = Axe()
    assert wrong(axe.run(page)) == [], "light"
    assert page.evaluate(COVERED) == [], "desk"
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(FRAMES)
    assert wrong(axe.run(page, options=COLOURS)) == [], "dark"
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(FRAMES)
    assert page.evaluate(COVERED) == [], "phone"
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_timeout(FRAMES)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(BEYOND, width) == [], width
    context.close()
    free_processor(shown, name)


def wrong(results: Any) -> list[tuple[str, list[str]]]:
    """Violations that axe found: the rule, and the first elements."""
    return [
        (violation["id"], [node["html"] for node in violation["nodes"][:3]])
        for violation in results.response["violations"]
    ]


def free_processor(shown: Scene, name: str) -> None:
    """Cancel the long job after the view that needs it, which is the first."""
    if name == "waiting":
        with shown.full.client() as http:
            http.post(f"/api/jobs/{shown.going}/cancel").raise_for_status()


def unmatched_in(chromium: Any, shown: Scene, name: str) -> set[str]:
    context = chromium.new_context(viewport=DESK, locale="en-GB", permissions=["microphone"])
    found = set(settled(context, VIEWS[name], shown).evaluate(UNMATCHED))
    context.close()
    free_processor(shown, name)
    return found


def unmatched_everywhere(unmatched: dict[str, set[str]]) -> set[str]:
    nowhere = set.intersection(*unmatched.values())
    return {rule for rule in nowhere if not any(state in rule for state in ELSEWHERE)}


def test_every_selector_matches_in_some_view(
    chromium: Any, shown: Scene, unmatched: dict[str, set[str]]
) -> None:
    for name in [name for name in VIEWS if name not in unmatched]:
        unmatched[name] = unmatched_in(chromium, shown, name)
    if unmatched_everywhere(unmatched):  # a busy machine may miss a state that passes
        for name in [name for name in VIEWS if name != "waiting"]:
            unmatched[name] &= unmatched_in(chromium, shown, name)
    assert unmatched_everywhere(unmatched) == set()
