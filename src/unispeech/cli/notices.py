"""Notices on stderr; results go to stdout."""

from __future__ import annotations

import sys


def notify(line: str) -> None:
    """Print one line to stderr, with the program's name in front."""
    print(f"unispeech: {line}", file=sys.stderr, flush=True)  # noqa: T201
