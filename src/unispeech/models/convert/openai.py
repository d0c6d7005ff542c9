"""OpenAI's own format: one `.pt` file, `{"dims": {...}, "model_state_dict": {...}}`.

Reading and writing one needs torch, which whoever runs openai-whisper has.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from unispeech.errors import BackendMissing, ModelDamaged
from unispeech.models.convert.form import Dims


def dimensions(path: Path) -> Dims:
    """The shape of the model in a `.pt` file.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: truncated, or not an OpenAI Whisper checkpoint.
    """
    return _dims(_load(path), path)


def _dims(checkpoint: Any, path: Path) -> Dims:
    try:
        return Dims(**checkpoint["dims"])
    except (KeyError, TypeError):
        raise ModelDamaged(
            f"{path}: not an OpenAI Whisper checkpoint (it has no dims)", "give a Whisper model"
        ) from None


def _load(path: Path) -> Any:
    try:
        import torch
    except ImportError:
        raise BackendMissing(
            f"{path}: reading and writing .pt files needs torch",
            "run: pip install 'unispeech[openai]'",
        ) from None
    try:
        # Only tensors and plain data are unpickled; mapped, so that a look costs little.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "it cannot be read"
        raise ModelDamaged(
            f"{path}: truncated, or not a checkpoint ({first})", "fetch it again"
        ) from error
