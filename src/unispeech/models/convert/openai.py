"""OpenAI's `.pt` files.

They have no tokenizer (openai-whisper ships its own) and no alignment heads. Files written here
have an extra entry with the generation settings, which openai-whisper ignores.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, array, checked_tensors, integers
from unispeech.models.convert.openai_defaults import Generation, Heads, generation
from unispeech.models.formats import openai

SETTINGS = "generation"
"""Name of the extra entry."""


def read(path: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a `.pt` file of openai-whisper, official or fine-tuned.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: truncated, incomplete, or not Whisper.
    """
    loaded = openai.load(path)
    dims = openai.dimensions(loaded, path)
    state = loaded.get("model_state_dict")
    if not isinstance(state, dict):
        raise ModelDamaged(f"{path}: model_state_dict is missing", "give a Whisper model")
    tensors = checked_tensors({name: array(tensor) for name, tensor in state.items()}, dims, path)
    try:
        text = tokenizer.standard(dims.n_vocab, fetch)
    except ModelDamaged as error:
        raise ModelDamaged(f"{path}: {error.message}", error.hint) from None
    notes = ["the tokenizer is OpenAI's for this vocabulary; .pt files have none"]
    settings = _generation(loaded)
    if settings is None:
        settings = generation(dims)
        notes += ["the alignment heads and suppressed tokens are OpenAI's for this size"]
    return Checkpoint(dims, tensors, text, settings, tuple(notes))


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Write a file for `whisper.load_model(path)`.

    Raises:
        BackendMissing: torch is not installed.
        ModelDamaged: the vocabulary is not OpenAI's, the only one that openai-whisper has.
    """
    tokenizer.must_be_standard(checkpoint.tokenizer, checkpoint.dims.n_vocab, "an OpenAI .pt file")
    torch = openai.import_torch(path)
    state = {
        name: torch.from_numpy(np.array(tensor, dtype=checkpoint.dtype))
        for name, tensor in checkpoint.tensors.items()
    }
    settings = asdict(checkpoint.generation)
    content = {"dims": checkpoint.dims.as_dict(), "model_state_dict": state, SETTINGS: settings}
    try:
        with path.open("wb") as file:
            torch.save(content, file)
    except RuntimeError as error:  # torch wraps the error of a full disk
        raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def alignment_heads(path: Path) -> Heads:
    """Return the alignment heads, which `whisper.load_model(path)` does not set for a path."""
    loaded = openai.load(path)
    settings = _generation(loaded) or generation(openai.dimensions(loaded, path))
    return settings.alignment_heads


def _generation(loaded: Any) -> Generation | None:
    settings = loaded.get(SETTINGS)
    if not settings:
        return None
    return Generation(
        alignment_heads=tuple((int(a), int(b)) for a, b in settings["alignment_heads"]),
        suppress=integers(settings["suppress"]),
        suppress_begin=integers(settings["suppress_begin"]),
        languages=integers(settings["languages"]),
    )
