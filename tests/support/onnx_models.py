"""The small ONNX models (`onnx_checkpoints`), as they lie and in int8."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "onnx_checkpoints"
CTC, TDT, CANARY = (str(FOLDER / name) for name in ("ctc", "tdt", "canary"))
RNNT_DECODER = FOLDER / "rnnt"
"""The files in which an RNN-T model differs from `TDT`."""
