"""The sample recordings and their texts."""

from __future__ import annotations

from pathlib import Path

import unispeech

_PACKAGE = Path(unispeech.__file__).parent
SAMPLES = next(
    folder for folder in (_PACKAGE / "samples", _PACKAGE.parents[1] / "samples") if folder.is_dir()
)
"""Recordings with their texts: two in English, of which one has a long pause, and a German one."""


def words(text: str) -> list[str]:
    """Lower case, without punctuation: what has to agree between a text and its reference."""
    kept = "".join(c if c.isalnum() or c in " '" else " " for c in text.lower())
    return kept.split()


def reference(sample: str) -> str:
    return (SAMPLES / f"{sample}.txt").read_text(encoding="utf-8").strip()
