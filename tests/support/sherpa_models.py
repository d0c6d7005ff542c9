"""The small models in sherpa-onnx's layouts: those of `onnx_checkpoints`, with metadata.

Metadata is at the end of an ONNX file and can be appended, so weights are kept once. What differs
by more lies in `sherpa_checkpoints` (see `convert_nemo.py` there).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from support import onnx_models

FOLDER = Path(__file__).parent / "sherpa_checkpoints"
METADATA: Mapping[str, str] = {"subsampling_factor": "8", "normalize_type": "per_feature"}
NAMES = ("ctc", "tdt", "canary")
STREAMING = str(FOLDER / "streaming")
"""A model that decodes while the sound arrives (`train_streaming.py` there)."""


def make(name: str, folder: Path) -> str:
    """Write a model (of `NAMES`) into a new folder and return its path."""
    source = onnx_models.FOLDER / name
    made = folder / f"sherpa-{name}"
    made.mkdir()
    tokens = (source / "vocab.txt").read_text(encoding="utf-8")
    size = len(tokens.splitlines())
    if name == "ctc":
        found = {"model_type": "EncDecCTCModelBPE", "vocab_size": str(size - 1), **METADATA}
        for kind in ("", ".int8"):
            stamp(source / f"model{kind}.onnx", made / f"model{kind}.onnx", found)
    elif name == "tdt":
        found = {
            "model_type": "EncDecRNNTBPEModel", "vocab_size": str(size - 1), "feat_dim": "80",
            "pred_rnn_layers": "1", "pred_hidden": "64", "url": "small-tdt", **METADATA,
        }  # fmt: skip
        for kind in ("", ".int8"):
            stamp(source / f"encoder-model{kind}.onnx", made / f"encoder{kind}.onnx", found)
        for part in ("decoder.onnx", "joiner.onnx"):
            shutil.copy(FOLDER / name / part, made)
    else:
        added = ("<|es|>", "<|fr|>")
        tokens += "".join(f"{token} {size + n}\n" for n, token in enumerate(added))
        found = {
            "model_type": "EncDecMultiTaskModel", "vocab_size": str(size + len(added)),
            "feat_dim": "80", "num_decoder_layers": "3", "decoder_hidden_size": "96", **METADATA,
        }  # fmt: skip
        stamp(FOLDER / name / "encoder.int8.onnx", made / "encoder.int8.onnx", found)
        shutil.copy(FOLDER / name / "decoder.int8.onnx", made)
    (made / "tokens.txt").write_text(tokens, encoding="utf-8")
    return str(made)


def stamp(source: Path, target: Path, metadata: Mapping[str, str]) -> None:
    """Write an ONNX file with further metadata (field 14 of ModelProto)."""
    entries = (_field(1, key.encode()) + _field(2, v.encode()) for key, v in metadata.items())
    target.write_bytes(source.read_bytes() + b"".join(_field(14, entry) for entry in entries))


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    rest = value >> 7
    return bytes([value & 127 | 128]) + _varint(rest) if rest else bytes([value])
