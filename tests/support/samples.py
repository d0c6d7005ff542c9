"""The sample recordings with their texts."""

from __future__ import annotations

from pathlib import Path

from unispeech.testing.samples import SAMPLES, reference, words

__all__ = ["CHECKPOINT", "ROOT", "SAMPLES", "reference", "words"]

ROOT = Path(__file__).parents[2]
CHECKPOINT = ROOT / "tests" / "support" / "ctc_checkpoint"
"""A small CTC model with adapters, and recordings that it knows (`train.py` there)."""
