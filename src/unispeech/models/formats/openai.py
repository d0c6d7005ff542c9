"""OpenAI's format: one `.pt` file, `{"dims": {...}, "model_state_dict": {...}}`.

The file is a pickle, so reading it needs torch, which users of openai-whisper have.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from unispeech.errors import BackendMissing, ModelDamaged
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import whisper_shape
from unispeech.models.formats.whisper_shape import Dims


def matches(path: Path) -> bool:
    return path.suffix == ".pt" or _is_zipped(path)


def _is_zipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def facts(path: Path, name: str) -> ModelFacts:
    """Return languages and tasks. Raises as `load`."""
    return whisper_shape.facts(name, dimensions(load(path), path).n_vocab)


def dimensions(loaded: Any, path: Path) -> Dims:
    """Return the dimensions of a checkpoint that `load` returned.

    Raises:
        ModelDamaged: not an OpenAI Whisper checkpoint.
    """
    try:
        return Dims(**loaded["dims"])
    except (KeyError, TypeError):
        raise ModelDamaged(
            f"{path}: not an OpenAI Whisper checkpoint (no dims)", "give a Whisper model"
        ) from None


def load(path: Path) -> Any:
    """Load the tensors and plain data of a file that torch saved, without executing code.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: truncated, or not a checkpoint.
    """
    torch = import_torch(path)
    zipped = _is_zipped(path)
    try:
        # Memory-mapped, so that reading `dims` of a large file is cheap. Formats before 2020 cannot
        # be mapped.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
        if zipped and isinstance(error, pickle.UnpicklingError):
            raise ModelDamaged(
                f"{path}: contains objects that could run code when loaded",
                "save only its state_dict and dims",
            ) from error
        raise ModelDamaged(
            f"{path}: truncated, or not a checkpoint", "download it again"
        ) from error


def import_torch(path: Path) -> Any:
    """Import torch. Raises BackendMissing if it is not installed."""
    try:
        import torch
    except ImportError:
        raise BackendMissing(
            f"{path}: reading and writing .pt files needs torch",
            "run: pip install 'unispeech[openai]'",
        ) from None
    return torch
