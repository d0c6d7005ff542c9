"""OpenAI's own format: one `.pt` file, `{"dims": {...}, "model_state_dict": {...}}`.

Reading and writing one needs torch, which whoever runs openai-whisper has. It has no tokenizer
(openai-whisper brings its own) and no alignment heads; the files written here carry the settings
of decoding in one entry more, which openai-whisper leaves alone.
"""

from __future__ import annotations

import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unispeech.errors import BackendMissing, ModelDamaged
from unispeech.models.convert import tokens
from unispeech.models.convert.form import Checkpoint, Dims, checked, integers
from unispeech.models.convert.standard import Generation, Heads, generation

SETTINGS = "generation"
"""Our own entry of the file."""


def read(path: Path, fetch: tokens.Fetch) -> Checkpoint:
    """Read a `.pt` file of openai-whisper, official or fine-tuned.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: truncated, incomplete, or not a Whisper.
    """
    loaded = load(path)
    dims = _dims(loaded, path)
    state = loaded.get("model_state_dict")
    if not isinstance(state, dict):
        raise ModelDamaged(f"{path}: it has no model_state_dict", "give a Whisper model")
    tensors = checked({name: array(tensor) for name, tensor in state.items()}, dims, path)
    try:
        text = tokens.standard(dims.n_vocab, fetch)
    except ModelDamaged as error:
        raise ModelDamaged(f"{path}: {error.message}", error.hint) from None
    notes = ["the tokenizer is OpenAI's for this vocabulary: a .pt file has none"]
    found = _generation(loaded)
    if found is None:
        found = generation(dims)
        notes += ["the alignment heads and suppressed tokens are OpenAI's for this size"]
    return Checkpoint(dims, tensors, text, found, tuple(notes))


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Write a file that `whisper.load_model(path)` loads.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: the vocabulary is not OpenAI's, and openai-whisper has no other.
    """
    tokens.must_be_standard(checkpoint.tokenizer, checkpoint.dims.n_vocab, "an OpenAI .pt file")
    torch = _torch(path)
    import numpy as np

    state = {
        name: torch.from_numpy(np.array(tensor, dtype=checkpoint.dtype))
        for name, tensor in checkpoint.tensors.items()
    }
    found = asdict(checkpoint.generation)
    content = {"dims": checkpoint.dims.as_dict(), "model_state_dict": state, SETTINGS: found}
    try:
        with path.open("wb") as file:
            torch.save(content, file)
    except RuntimeError as error:  # what torch makes of a full disk
        raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def dimensions(path: Path) -> Dims:
    """The shape of the model in a `.pt` file.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: truncated, or not an OpenAI Whisper checkpoint.
    """
    return _dims(load(path), path)


def alignment_heads(path: Path) -> Heads:
    """The heads that follow the words, which `whisper.load_model(path)` does not know of a path."""
    loaded = load(path)
    found = _generation(loaded) or generation(_dims(loaded, path))
    return found.alignment_heads


def _generation(loaded: Any) -> Generation | None:
    given = loaded.get(SETTINGS)
    if not given:
        return None
    return Generation(
        alignment_heads=tuple((int(a), int(b)) for a, b in given["alignment_heads"]),
        suppress=integers(given["suppress"]),
        suppress_begin=integers(given["suppress_begin"]),
        languages=integers(given["languages"]),
    )


def _dims(loaded: Any, path: Path) -> Dims:
    try:
        return Dims(**loaded["dims"])
    except (KeyError, TypeError):
        raise ModelDamaged(
            f"{path}: not an OpenAI Whisper checkpoint (it has no dims)", "give a Whisper model"
        ) from None


def array(tensor: Any) -> Any:
    """A torch tensor as numpy; bfloat16, which numpy lacks, as float32."""
    if str(tensor.dtype) == "torch.bfloat16":
        tensor = tensor.float()
    return tensor.detach().cpu().numpy()


def load(path: Path) -> Any:
    """What a file that torch saved holds: tensors and plain data, nothing is executed.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: truncated, or not such a file.
    """
    torch = _torch(path)
    try:
        # Mapped, so that a look at a large file costs little. Files of before 2020 cannot be.
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
        if zipped and isinstance(error, pickle.UnpicklingError):
            raise ModelDamaged(
                f"{path}: it holds more than tensors, and could run code when it is read",
                "save its state_dict and dims alone",
            ) from error
        raise ModelDamaged(f"{path}: truncated, or not a checkpoint", "fetch it again") from error


def _torch(path: Path) -> Any:
    try:
        import torch
    except ImportError:
        raise BackendMissing(
            f"{path}: reading and writing .pt files needs torch",
            "run: pip install 'unispeech[openai]'",
        ) from None
    return torch
