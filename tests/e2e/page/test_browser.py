"""The browser that the tests of the page share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.browsing import files, needs_browser

pytestmark = [pytest.mark.slow, *needs_browser]


@pytest.mark.timeout(120)  # a close that meets the commit of a navigation would wait forever
def test_tabs_close_while_they_reload(chromium: Any, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html><title>Reload</title><p>Text</p>")
    context = chromium.new_context()
    with files(tmp_path) as address:
        for number in range(12):
            page = context.new_page()
            page.goto(address)
            page.evaluate("() => { setTimeout(() => location.reload(), 0) }")
            page.wait_for_timeout(3 * number)  # the commit comes 5 to 40 ms after the request
            page.close()
        assert context.pages == []
    context.close()
