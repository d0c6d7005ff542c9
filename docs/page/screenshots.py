"""Screenshots of every view of the page: light and dark, desktop and phone.

    python docs/page/screenshots.py             all views, saved beside this file
    python docs/page/screenshots.py editor      only some views; --folder saves them elsewhere

The recordings are made of our own samples and transcribed by a real server with real weights.
README.md in the same folder shows the screenshots.
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
"""Length of the recording that is being decoded: enough for all screenshots that show it."""
QUIET = "key"
"""From this view on that recording is not shown, so its job is cancelled to free the processor."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("views", nargs="*", help=", ".join(VIEWS))
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent)
    options = parser.parse_args(arguments)
    unknown = set(options.views) - set(VIEWS)
    if unknown:
        parser.error(f"unknown view {min(unknown)!r}; choose from {', '.join(VIEWS)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="unispeech-") as folder,
        scene(Path(folder), MINUTES) as shown,
        browser(*microphone(SAMPLES / "english.wav")) as chromium,
    ):
        for name in (view for view in VIEWS if not options.views or view in options.views):
            if list(VIEWS).index(name) >= list(VIEWS).index(QUIET):
                cancel(shown)
            for size in SIZES:
                for scheme in SCHEMES:
                    take(chromium, shown, name, size, scheme, options.folder)
    (options.folder / "README.md").write_text(gallery(options.folder))


def cancel(shown: Scene) -> None:
    with shown.full.client() as http:
        http.post(f"/api/jobs/{shown.going}/cancel")


def gallery(folder: Path) -> str:
    """README.md with every view whose screenshots are complete."""
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
    """Screenshot as WebP."""
    response = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": QUALITY}
    )
    return base64.b64decode(response["data"])


if __name__ == "__main__":
    main()
