"""The flags of the subtitle layout, made from the declarations in `unispeech.text.layout`."""

from __future__ import annotations

from typing import Any

from unispeech.cli import flags
from unispeech.cli.help import Function
from unispeech.text.layout.limits import LAYOUT_OPTIONS
from unispeech.text.subtitles import Layout

SUBTITLES = "Subtitle layout"


def layout_options(function: Function) -> Function:
    """Add the flags of the subtitle layout. `--preset` comes first."""
    rows = sorted(LAYOUT_OPTIONS, key=lambda row: row.field != "preset")
    for row in reversed(rows):
        function = flags.add_flag(row, SUBTITLES, row.field)(function)
    return function


def layout_of(options: dict[str, Any]) -> Layout:
    """Take the subtitle layout out of the options of a command."""
    return Layout(**{row.name: options.pop(row.name) for row in LAYOUT_OPTIONS})
