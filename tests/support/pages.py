"""The programs and commands that the documentation shows."""

from __future__ import annotations

import re

from support.samples import ROOT


def blocks(page: str, kind: str) -> list[str]:
    """The fenced blocks of a page, of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
