"""Pictures of every view of the page: light and dark, on a desk and on a phone.

    python docs/page/screenshots.py             all of them, beside this file
    python docs/page/screenshots.py editor      only some; --folder puts them elsewhere

They show recordings that are made of our own samples, in a real server with real weights. README.md
beside them shows them.
"""

from __future__ import annotations

import argparse
import base64
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parents[2] / "tests"))  # the server, the browser, the views

from support.browsing import browser, microphone
from support.page_scene import Scene, scene
from support.page_views import VIEWS, settled
from support.samples import SAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 800}},
    "phone": {
        "viewport": {"width": 390, "height": 780},
        "device_scale_factor": 1.5,
        "is_mobile": True,
        "has_touch": True,
    },
}
SCHEMES = ("light", "dark")
QUALITY = 72
MINUTES = 240
"""Of the recording that is decoded meanwhile: long enough for all the pictures that show it."""
QUIET = "key"
"""From this view on it is not seen, and would only take time from the others."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("views", nargs="*", help=", ".join(VIEWS))
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    given = parser.parse_args(arguments)
    unknown = set(given.views) - set(VIEWS)
    if unknown:
        parser.error(f"there is no view {min(unknown)!r}; there are {', '.join(VIEWS)}")
    given.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="unispeech-") as folder,
        scene(Path(folder), MINUTES) as shown,
        browser(*microphone(SAMPLES / "english.wav")) as chromium,
    ):
        for name in (one for one in VIEWS if not given.views or one in given.views):
            if list(VIEWS).index(name) >= list(VIEWS).index(QUIET):
                cancel(shown)
            for size in SIZES:
                for scheme in SCHEMES:
                    take(chromium, shown, name, size, scheme, given.folder)
    (given.folder / "README.md").write_text(gallery(given.folder))


def cancel(shown: Scene) -> None:
    with shown.full.client() as http:
        http.post(f"/api/jobs/{shown.going}/cancel")


def gallery(folder: Path) -> str:
    """The page that shows every view of which there are all pictures."""
    kinds = [f"{size}-{scheme}" for size in SIZES for scheme in SCHEMES]
    rows = [
        f"| {name} | {' | '.join(f'![{name}, {kind}]({name}-{kind}.webp)' for kind in kinds)} |"
        for name in VIEWS
        if all((folder / f"{name}-{kind}.webp").exists() for kind in kinds)
    ]
    head = ["# The views of the page", "", "Made by `python docs/page/screenshots.py`.", ""]
    table = [f"| | {' | '.join(kind.replace('-', ', ') for kind in kinds)} |", "|---" * 5 + "|"]
    return "\n".join([*head, *table, *rows, ""])


def take(chromium: Browser, shown: Scene, name: str, size: str, scheme: Any, folder: Path) -> None:
    context = chromium.new_context(
        **SIZES[size], color_scheme=scheme, locale="en-GB", permissions=["microphone"]
    )
    page = settled(context, VIEWS[name], shown)
    (folder / f"{name}-{size}-{scheme}.webp").write_bytes(picture(page))
    context.close()


def picture(page: Page) -> bytes:
    """What is on the screen, as WebP."""
    took = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": QUALITY}
    )
    return base64.b64decode(took["data"])


if __name__ == "__main__":
    main()
