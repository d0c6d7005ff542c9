"""The sample recordings with their texts."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
CHECKPOINT = ROOT / "tests" / "support" / "ctc_checkpoint"
"""A small CTC model with adapters, and recordings that it knows (`train.py` there)."""


def words(text: str) -> list[str]:
    """Lower case, without punctuation: what has to agree between a text and its reference."""
    kept = "".join(c if c.isalnum() or c in " '" else " " for c in text.lower())
    return kept.split()


def reference(sample: str) -> str:
    return (SAMPLES / f"{sample}.txt").read_text(encoding="utf-8").strip()
