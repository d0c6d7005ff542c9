"""The programs and commands that the documentation shows.

The info string of a fenced block is a language and, after a space, what a test does with the block:
nothing (run it), a word (run it in the setting of that name), or `not run: REASON` (parse it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

from support.samples import ROOT

FENCE = re.compile(r"^( *)```(\w+)(?: ([^\n]*))?\n(.*?)^\1```", re.M | re.S)
NOT_RUN = "not run: "


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    setting: str
    text: str

    @property
    def reason(self) -> str:
        """Why no test runs it, or an empty string."""
        return self.setting.removeprefix(NOT_RUN) if self.setting.startswith(NOT_RUN) else ""

    @property
    def commands(self) -> list[str]:
        """Its commands, one a line; of a session only what follows a `$`."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip() and not line.startswith("#")]


def every_block(page: str) -> list[Block]:
    """The fenced blocks of a page, also those inside tabs."""
    return [
        Block(page, language, setting or "", dedent(text))
        for _, language, setting, text in FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
    ]


def blocks(page: str, kind: str) -> list[str]:
    """The texts of the blocks with one info string."""
    language, _, setting = kind.partition(" ")
    found = every_block(page)
    return [b.text for b in found if (b.language, b.setting) == (language, setting)]
