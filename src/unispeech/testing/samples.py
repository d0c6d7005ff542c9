"""The sample recordings and their texts."""

from __future__ import annotations

from pathlib import Path

import unispeech

_PACKAGE = Path(unispeech.__file__).parent
SAMPLES = next(
    folder for folder in (_PACKAGE / "samples", _PACKAGE.parents[1] / "samples") if folder.is_dir()
)
"""Folder of `english`, `pause` (English, with a long pause) and `german`, with their texts."""


def words(text: str) -> list[str]:
    """Split a text into lower-case words without punctuation, for comparison."""
    cleaned = "".join(c if c.isalnum() or c in " '" else " " for c in text.lower())
    return cleaned.split()


def reference(sample: str) -> str:
    """Return the reference text of a sample."""
    return (SAMPLES / f"{sample}.txt").read_text(encoding="utf-8").strip()
